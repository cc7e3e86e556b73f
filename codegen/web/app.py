"""The application: the pages with their addresses, the middleware, and the static files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from codegen.web.shell.login import LoginMiddleware, TokenVerifier
from codegen.web.shell.request_context import Page, RequestContext, Site
from codegen.web.shell.security import CSRF_FIELD, CSRF_HEADER, HostMiddleware, is_own_form, read_form
from codegen.web.shell.workspace import BrokenProjectError

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Scope

_HERE = Path(__file__).parent
# Each folder with a module `page` is a page; its addresses are the `PAGES` of that module.
PAGES: tuple[Page, ...] = tuple(
    page
    for path in sorted(_HERE.glob("*/page.py"))
    for page in import_module(f"codegen.web.{path.parent.name}.page").PAGES
)
_MESSAGES = {
    404: "There is nothing at this address.",
    405: "Nothing can be done in this way at this address.",
    413: "This is too large.",
    415: "Only forms can be sent.",
    500: "This is a bug of Dagpress. Please report it with the lines that the server has printed.",
}


def create_app(root: Path, environ: Mapping[str, str], names: Collection[str] = (), token: str = "") -> ASGIApp:
    """The application of the project in that folder.

    Args:
        root: the project's folder.
        environ: the variables of the environment, which say where Airflow is.
        names: the names under which it may be asked for, beside those of this machine.
        token: what must be known to see anything; empty where everybody who reaches it may.

    Raises:
        ConnectionSettingError: a variable cannot be used.
    """
    site = Site.of(root, environ)
    app: ASGIApp = Starlette(
        routes=[
            *(Route(page.path, _endpoint(site, page), methods=[page.method]) for page in PAGES),
            Mount("/static", _Static(directory=_HERE / "static"), name="static"),
        ],
        exception_handlers={HTTPException: _refuser(site), Exception: _refuser(site)},
    )
    if token:
        app = LoginMiddleware(app, TokenVerifier.of(token), site.templates)
    return HostMiddleware(app, frozenset(name.lower() for name in names))


class _Static(StaticFiles):
    """Files that a browser keeps, and asks whether they are still the same."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def _endpoint(site: Site, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = {} if page.method == "GET" else await read_form(request)
        context = RequestContext(site, request, form)
        if page.method != "GET" and not is_own_form(
            site.secrets, request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD, "")
        ):
            message = "This page is older than the server. Load it again; copy what you have typed before you do."
            return context.page("refused.html", 403, message=message)
        return await run_in_threadpool(_answer, page, context)

    return answer


def _answer(page: Page, context: RequestContext) -> Response:
    try:
        return page.answer(context)
    except BrokenProjectError as error:
        return context.page("broken.html", 500, diagnostics=error.diagnostics)


def _refuser(site: Site) -> Callable[[Request, Exception], Response]:
    """What answers in the place of a page: it says nothing of what has happened, which the server's log has."""

    def refuse(request: Request, error: Exception) -> Response:
        status, headers = 500, None
        if isinstance(error, HTTPException):
            status, headers = error.status_code, error.headers
        message = _MESSAGES.get(status, "This cannot be answered.")
        answer = RequestContext(site, request, {}).page("refused.html", status, message=message)
        answer.headers.update(headers or {})
        return answer

    return refuse
