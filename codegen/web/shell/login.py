"""Token login by URL, form, or `Authorization: Bearer` header."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from urllib.parse import quote

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from codegen.web.shell.addresses import is_path
from codegen.web.shell.attempts import Attempts
from codegen.web.shell.forms import read_form
from codegen.web.shell.security import cookie_name

# The field of the login form, and the query parameter of the login URL.
TOKEN_FIELD = "token"  # noqa: S105  # a name
# Limit on the login form, which contains the path to redirect to.
_MAX_BYTES = 16 * 1024
_BEARER = {"WWW-Authenticate": "Bearer"}


class LoginMiddleware:
    """Requires the token for every request except those for static files."""

    def __init__(self, app: ASGIApp, token: str, templates: Environment) -> None:
        """Protect the application."""
        self._app = app
        self._digest = _digest(token)
        # The session cookie for browsers that have logged in.
        self._session = secrets.token_urlsafe(32)
        self._templates = templates
        self._attempts = Attempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with the login page."""
        # Static files belong to the distribution, and contain no project data.
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
            return self._app if is_right else PlainTextResponse("Wrong token.\n", 401, _BEARER)
        if asked != ("POST", "/login"):
            return self._page(request, _address(request))
        try:
            form = await read_form(request, _MAX_BYTES)
        except HTTPException as error:
            return PlainTextResponse("Invalid login form.\n", error.status_code, error.headers)
        return await self._enter(request, form.get(TOKEN_FIELD, ""), form.get("next", ""))

    async def _enter(self, request: Request, token: str, address: str) -> Response:
        """Redirect with the session cookie, or show the login page again."""
        if not self._has_session(request) and not await self._accepts(request, token):
            return self._page(request, address, "Wrong token.")
        answer = RedirectResponse(address if is_path(address) else "/", 303)
        is_secure = request.url.scheme == "https"
        answer.set_cookie(cookie_name(request), self._session, httponly=True, samesite="strict", secure=is_secure)
        return answer

    def _has_session(self, request: Request) -> bool:
        return hmac.compare_digest(self._session.encode(), request.cookies.get(cookie_name(request), "").encode())

    async def _accepts(self, request: Request, token: str) -> bool:
        address = request.client.host if request.client else ""
        await asyncio.sleep(self._attempts.begin(address))
        is_right = hmac.compare_digest(self._digest, _digest(token))
        if is_right:
            self._attempts.subtract(address)
        return is_right

    def _page(self, request: Request, address: str, problem: str = "") -> Response:
        """Render the login page, without project data."""
        # After a link from another site, browsers omit the SameSite=Strict cookie. The reloaded page has it.
        asks_again = request.method == "GET" and not problem and request.headers.get("sec-fetch-site") == "cross-site"
        template = self._templates.get_template("login.html")
        return HTMLResponse(template.render(address=address, problem=problem, asks_again=asks_again), 401, _BEARER)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _address(request: Request) -> str:
    """Return the path to redirect to after the login; the start page for a request that cannot be repeated."""
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.scope["path"]) + (f"?{query}" if query else "")
    return path if request.method == "GET" and request.scope["path"] != "/login" else "/"
