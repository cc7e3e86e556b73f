"""Middleware that checks the host and origin of requests, and sets security headers."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_READING = frozenset({"GET", "HEAD"})
# A name, an IPv4 address, or an IPv6 address in brackets; and a port.
_HOST = re.compile(r"(?:([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)|\[([0-9a-f:.]+)\])(?::[0-9]{1,5})?", re.ASCII)
_CROSS_ORIGIN = "Cross-origin request refused.\n"


@dataclass(frozen=True)
class HostMiddleware:
    """The outermost middleware: refuses foreign hosts and origins, and sets security headers.

    Attributes:
        names: the allowed host names, in addition to loopback and the address of the connection. All others are
            refused against DNS rebinding.
    """

    app: ASGIApp
    names: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message), nonce)
            await send(message)

        answer = self._refusal(scope, Headers(scope=scope)) or self.app
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the response to a refused request; None for an allowed one."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._allows(hosts[0].lower(), scope):
            message = "This host name is not allowed (to allow it: `dagpress serve --allowed-host NAME`).\n"
            return PlainTextResponse(message, 403)
        own = f"{scope['scheme']}://{hosts[0].lower()}"
        if any(origin.lower() != own for origin in headers.getlist("origin")):
            return PlainTextResponse(_CROSS_ORIGIN + _proxy_hint(scope, headers), 403)
        if not _is_same_site(scope["method"], headers):
            return PlainTextResponse(_CROSS_ORIGIN, 403)
        return None

    def _allows(self, host: str, scope: Scope) -> bool:
        match = _HOST.fullmatch(host)
        if not match:
            return False
        name = match[1] or match[2]
        address = (scope.get("server") or ("",))[0]
        return name in _LOOPBACK or name in self.names or name == address


def cookie_name(request: Request, purpose: str = "") -> str:
    """Return the name of a cookie of this site, with the port, since cookies do not distinguish ports."""
    return f"dagpress-{purpose}{(request.scope.get('server') or ('', ''))[1]}"


def is_host_name(text: str) -> bool:
    """Return whether a text is valid in a `Host` header, without a port."""
    match = _HOST.fullmatch(text.lower())
    return match is not None and text.lower() == match[1]


def _is_same_site(method: str, headers: Headers) -> bool:
    """Return whether a request comes from this site, or is a link from another site (Fetch Metadata).

    See https://web.dev/articles/fetch-metadata.
    """
    site = headers.get("sec-fetch-site", "same-origin")
    if method not in _READING:
        return site == "same-origin"
    return site in {"same-origin", "none"} or headers.get("sec-fetch-mode") == "navigate"


def _proxy_hint(scope: Scope, headers: Headers) -> str:
    """Return a hint for a request from an untrusted TLS proxy; empty for other requests."""
    if headers.get("x-forwarded-proto", scope["scheme"]) == scope["scheme"]:
        return ""
    address = (scope.get("client") or ("ADDRESS",))[0]
    return f"The request came through an untrusted proxy (to trust it: `dagpress serve --trusted-proxy {address}`).\n"


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
