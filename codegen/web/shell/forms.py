"""Parses URL-encoded forms in linear time, with limits on size and number of fields."""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from codegen.web.shell.security import MOST, too_large

_TYPE = "application/x-www-form-urlencoded"
# More than any page has, including a list of all schedules of a large project.
_MOST_FIELDS = 10_000
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


async def read_form(request: Request, most: int = MOST) -> dict[str, str]:
    """Read the fields of a URL-encoded form of at most `most` bytes.

    Raises:
        HTTPException: it is not a URL-encoded form, it is too large, or the client has disconnected.
    """
    if request.headers.get("content-type", _TYPE).partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_large()
    except ClientDisconnect:
        raise HTTPException(400) from None
    # In a thread: decoding megabytes of escapes takes a second or two.
    return await run_in_threadpool(_fields, bytes(body.replace(b"+", b" ")))


def _fields(body: bytes) -> dict[str, str]:
    if body.count(b"&") >= _MOST_FIELDS:
        raise too_large()
    pairs = (pair.partition(b"=")[::2] for pair in body.split(b"&") if pair)
    return {_unquoted(name): _unquoted(value) for name, value in pairs}


def _unquoted(value: bytes) -> str:
    return _ESCAPES.sub(_bytes_of, value).decode("utf-8", "replace")


def _bytes_of(escapes: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escapes[0].replace(b"%", b"").decode())
