"""Middleware that refuses what is too large to be a form of ours, before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A schedule file has at most a million bytes, of which a form makes some more.
MOST_BYTES = 2 * 1024 * 1024
_STATUS, _REFUSAL = 413, f"That is too large: at most {MOST_BYTES} bytes.\n"
# The rest of what is sent is not waited for.
_END = {"Connection": "close"}


@dataclass(frozen=True)
class SizeLimit:
    """Refuses a body by the length that it claims, and one that claims none as soon as it is too long."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > MOST_BYTES:
            await PlainTextResponse(_REFUSAL, _STATUS, _END)(scope, receive, send)
            return
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                raise HTTPException(_STATUS, _REFUSAL, _END)
            return message

        await self.app(scope, receive_counted, send)
