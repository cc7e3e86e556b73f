"""The login with a token: in the address, in a form, or as `Authorization: Bearer`."""

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

from codegen.web.shell.attempts import Attempts
from codegen.web.shell.forms import read_form

# The field of the form, and of the query of an address that logs in.
TOKEN_FIELD = "token"  # noqa: S105  # a name
# The largest form of a login, with the address to go to then.
_MOST = 16 * 1024
_BEARER = {"WWW-Authenticate": "Bearer"}


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
    """Asks for the token in front of the application."""

    def __init__(self, app: ASGIApp, verifier: TokenVerifier, templates: Environment) -> None:
        """Protect the application."""
        self._app = app
        self._verifier = verifier
        self._templates = templates
        self._attempts = Attempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or ask for the token."""
        # The static files are those of the distribution: the same everywhere.
        is_open = scope["type"] != "http" or scope["path"].startswith("/static/")
        answer = self._app if is_open else await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        asked = (request.method, request.scope["path"])
        if asked == ("GET", "/") and TOKEN_FIELD in request.query_params:
            return await self._enter(request, request.query_params[TOKEN_FIELD], "/")
        if self._has_session(request):
            return self._app
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            is_right = await self._accepts(request, token.strip())
            return self._app if is_right else PlainTextResponse("That is not the token.\n", 401, _BEARER)
        if asked != ("POST", "/login"):
            return self._page(request, _address(request))
        try:
            form = await read_form(request, _MOST)
        except HTTPException as error:
            return PlainTextResponse("This is no login.\n", error.status_code, error.headers)
        return await self._enter(request, form.get(TOKEN_FIELD, ""), form.get("next", ""))

    async def _enter(self, request: Request, token: str, address: str) -> Response:
        """Lead on with the session cookie, or ask again for the token."""
        if not self._has_session(request) and not await self._accepts(request, token):
            return self._page(request, address, "That is not the token.")
        answer = RedirectResponse(address if _is_path(address) else "/", 303)
        is_secure = request.url.scheme == "https"
        name = _cookie(request)
        answer.set_cookie(name, self._verifier.session, httponly=True, samesite="strict", secure=is_secure)
        return answer

    def _has_session(self, request: Request) -> bool:
        return self._verifier.knows_session(request.cookies.get(_cookie(request), ""))

    async def _accepts(self, request: Request, token: str) -> bool:
        address = request.client.host if request.client else ""
        await asyncio.sleep(self._attempts.begin(address))
        is_right = self._verifier.accepts(token)
        if is_right:
            self._attempts.forgive(address)
        return is_right

    def _page(self, request: Request, address: str, problem: str = "") -> Response:
        """The form; it tells nothing of the project."""
        # A link on another site brings no cookie, as that is strict. The page that it leads to is ours, and asks again.
        asks_again = request.method == "GET" and not problem and request.headers.get("sec-fetch-site") == "cross-site"
        template = self._templates.get_template("login.html")
        return HTMLResponse(template.render(address=address, problem=problem, asks_again=asks_again), 401, _BEARER)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _cookie(request: Request) -> str:
    """The name of the session cookie: one for each port, as cookies know none."""
    return f"dagpress-{(request.scope.get('server') or ('', ''))[1]}"


def _address(request: Request) -> str:
    """Where somebody wanted to go, as far as one can go there again."""
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.scope["path"]) + (f"?{query}" if query else "")
    return path if request.method == "GET" and request.scope["path"] != "/login" else "/"


def _is_path(address: str) -> bool:
    r"""Whether an address is one of this site. Browsers take `//`, `/\` and `/` with a tab behind it for another."""
    return address.startswith("/") and address[1:2] not in {"/", "\\"} and address.isprintable()
