"""Guards every request: who may ask, from which page, and what the answer may load."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Secrets:
    """What this process alone knows; another start has others.

    Attributes:
        csrf: what every form and every changing request carries.
    """

    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


@dataclass(frozen=True)
class Guard:
    """Middleware that refuses what does not come from our own pages, and tells browsers what ours may load.

    Attributes:
        hosts: the names under which the page may be asked for, against DNS rebinding.
    """

    app: ASGIApp
    hosts: frozenset[str] = _LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message), nonce)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        answer = PlainTextResponse(refusal, status_code=403) if refusal else self.app
        await answer(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> str:
        """Why a request is refused; empty where it is not."""
        host = headers.get("host", "")
        if _host_of(f"//{host}") not in self.hosts:
            return "This page is not served under that name.\n"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return "This request comes from a page of another origin.\n"
        if method not in _READING and headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "This request comes from a page of another origin.\n"
        return ""


def is_own_form(known: Secrets, given: str) -> bool:
    """Whether a form or request carries the token that our pages have."""
    return hmac.compare_digest(known.csrf.encode(), given.encode())


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _protect(headers: MutableHeaders, nonce: str) -> None:
    headers["Content-Security-Policy"] = (
        "default-src 'none'; "
        f"script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")
