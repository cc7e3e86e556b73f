"""Protects every request: its host, its origin, its size, and what the answer may load."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
# The largest form that is read. The largest schedule file that is read has 1 MB, of which a form makes three bytes of
# each where it must.
MOST = 4 * 1024 * 1024
# More than any page of ours has, also one that lists every schedule of a large project.
_MOST_FIELDS = 10_000
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FORM = "application/x-www-form-urlencoded"
_READING = frozenset({"GET", "HEAD"})
# A name, an IPv4 address, or an IPv6 address in brackets; and a port.
_HOST = re.compile(r"(?:([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)|\[([0-9a-f:.]+)\])(?::[0-9]{1,5})?", re.ASCII)
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_ANOTHER_ORIGIN = "This request comes from a page of another origin.\n"


@dataclass(frozen=True)
class HostMiddleware:
    """The outermost of the application: refuses what no page of ours asks, and tells browsers what ours may load.

    Attributes:
        names: the names under which the page may be asked for, beside those of loopback and the address to which a
            request has come. Any other would let a page elsewhere read ours (DNS rebinding).
    """

    app: ASGIApp
    names: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it."""
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
        await answer(scope, _limited(receive), send_guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to a request that is refused."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0].lower(), scope):
            message = (
                "This page is not served under that name (`dagpress serve --allowed-host NAME` allows one more).\n"
            )
            return PlainTextResponse(message, 403)
        own = f"{scope['scheme']}://{hosts[0].lower()}"
        if any(origin.lower() != own for origin in headers.getlist("origin")):
            return PlainTextResponse(_ANOTHER_ORIGIN + _proxy_hint(scope, headers), 403)
        if not _is_asked_by_ours(scope["method"], headers):
            return PlainTextResponse(_ANOTHER_ORIGIN, 403)
        length = headers.get("content-length", "0")
        if len(length) > len(str(MOST)) or not length.isdecimal() or int(length) > MOST:
            return PlainTextResponse("This is too large.\n", 413, {"Connection": "close"})
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        match = _HOST.fullmatch(host)
        if not match:
            return False
        name = match[1] or match[2]
        address = (scope.get("server") or ("",))[0]
        return name in _LOOPBACK or name in self.names or name == address


async def read_form(request: Request, most: int = MOST) -> dict[str, str]:
    """The fields of a form that has at most so many bytes. One with files has another type: we have no such form.

    Raises:
        HTTPException: it is no form, too large, or the client has left.
    """
    if request.headers.get("content-type", _FORM).partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise _too_large()
    except ClientDisconnect:
        raise HTTPException(400) from None
    # In a thread, as megabytes of escapes take a second or two.
    return await run_in_threadpool(_fields, bytes(body.replace(b"+", b" ")))


def _fields(body: bytes) -> dict[str, str]:
    if body.count(b"&") >= _MOST_FIELDS:
        raise _too_large()
    pairs = (pair.partition(b"=")[::2] for pair in body.split(b"&") if pair)
    return {_unquoted(name): _unquoted(value) for name, value in pairs}


def _unquoted(value: bytes) -> str:
    return _ESCAPES.sub(lambda match: bytes.fromhex(match[0].replace(b"%", b"").decode()), value).decode(
        "utf-8", "replace"
    )


def _too_large() -> HTTPException:
    return HTTPException(413, headers={"Connection": "close"})


def is_host_name(text: str) -> bool:
    """Whether a text is a name or an address as `Host` has it, without a port."""
    match = _HOST.fullmatch(text.lower())
    return match is not None and text.lower() == match[1]


def _is_asked_by_ours(method: str, headers: Headers) -> bool:
    """What browsers say of the page that asks; one elsewhere may link to ours, and nothing more.

    See https://web.dev/articles/fetch-metadata.
    """
    site = headers.get("sec-fetch-site", "same-origin")
    if method not in _READING:
        return site == "same-origin"
    return site in {"same-origin", "none"} or headers.get("sec-fetch-mode") == "navigate"


def _proxy_hint(scope: Scope, headers: Headers) -> str:
    """What to do where a proxy has told of TLS, and is not trusted."""
    if headers.get("x-forwarded-proto", scope["scheme"]) == scope["scheme"]:
        return ""
    address = (scope.get("client") or ("ADDRESS",))[0]
    return f"It came through a proxy that is not trusted (`dagpress serve --trusted-proxy {address}` trusts it).\n"


def _limited(receive: Receive) -> Receive:
    """What was sent, as long as it is not too much; also where nobody has said how much it is."""
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST:
            raise _too_large()
        return message

    return receive_limited


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
