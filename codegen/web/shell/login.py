"""The login with a token, for pages that others than the user of this machine can reach."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from codegen.web.shell.security import read_form

# How long a wrong token takes, and how many may wait for that at the same time.
_PAUSE = 1.0
_QUEUE = 20


@dataclass(frozen=True)
class TokenVerifier:
    """The hash of the token, and the session cookie of browsers that have sent it."""

    digest: bytes = field(repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @classmethod
    def of(cls, token: str) -> TokenVerifier:
        """The verifier of this token."""
        return cls(_digest(token))

    def accepts(self, token: str) -> bool:
        """Whether it is the token. How long the answer takes tells nothing."""
        return hmac.compare_digest(self.digest, _digest(token))

    def knows_session(self, session: str) -> bool:
        """Whether a browser has given the token to this process before."""
        return hmac.compare_digest(self.session.encode(), session.encode())


class LoginMiddleware:
    """Asks for the token in front of the application: in a form, or as `Authorization: Bearer`."""

    def __init__(self, app: ASGIApp, verifier: TokenVerifier, templates: Environment) -> None:
        """Protect the application."""
        self._app = app
        self._verifier = verifier
        self._templates = templates
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or ask for the token."""
        # The static files are those of the distribution: the same everywhere.
        is_open = scope["type"] != "http" or scope["path"].startswith("/static/")
        answer = self._app if is_open else await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        cookie = f"dagpress-{(request.scope.get('server') or ('', ''))[1]}"  # one for each port, as cookies know none
        if self._verifier.knows_session(request.cookies.get(cookie, "")):
            return self._app
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self._refusal(token.strip()) or self._app
        if (request.method, request.scope["path"]) != ("POST", "/login"):
            return self._page(_address(request), "", 401)
        try:
            form = await read_form(request)
        except HTTPException as error:
            return PlainTextResponse("This is no login.\n", error.status_code, error.headers)
        address = form.get("next", "")
        refusal = await self._refusal(form.get("token", ""))
        if refusal:
            message = "That is not the token." if refusal.status_code == 401 else "Too many try at once: try again."  # noqa: PLR2004
            return self._page(address, message, refusal.status_code)
        answer = RedirectResponse(address if _is_path(address) else "/", 303)
        is_secure = request.url.scheme == "https"
        answer.set_cookie(cookie, self._verifier.session, httponly=True, samesite="strict", secure=is_secure)
        return answer

    async def _refusal(self, token: str) -> Response | None:
        """The answer to a wrong token. One is tried after the other, so that guessing takes its time."""
        if self._waiting >= _QUEUE:
            return PlainTextResponse("Too many try at once.\n", 429, {"Retry-After": str(_QUEUE)})
        self._waiting += 1
        try:
            async with self._turn:
                if self._verifier.accepts(token):
                    return None
                await asyncio.sleep(_PAUSE)
        finally:
            self._waiting -= 1
        return PlainTextResponse("That is not the token.\n", 401, {"WWW-Authenticate": "Bearer"})

    def _page(self, address: str, problem: str, status: int) -> Response:
        """The form; it tells nothing of the project."""
        text = self._templates.get_template("login.html").render(address=address, problem=problem)
        return HTMLResponse(text, status, {"WWW-Authenticate": "Bearer"} if status == 401 else None)  # noqa: PLR2004


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _address(request: Request) -> str:
    """Where somebody wanted to go, as far as one can go there again."""
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.scope["path"]) + (f"?{query}" if query else "")
    return path if request.method == "GET" and request.scope["path"] != "/login" else "/"


def _is_path(address: str) -> bool:
    r"""Whether an address is one of this site. Browsers take `//`, `/\` and `/` with a tab behind it for another."""
    return address.startswith("/") and address[1:2] not in {"/", "\\"} and address.isprintable()
