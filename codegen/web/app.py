"""Puts the Pipelines page together: its addresses, what guards them, and the files that it loads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from codegen.web.pages import PAGES
from codegen.web.security import CSRF_FIELD, CSRF_HEADER, Guard, is_own_form
from codegen.web.visit import Page, Site, Visit
from codegen.web.workspace import BrokenProjectError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

_STATIC = Path(__file__).parent / "static"


def create_app(root: Path) -> Starlette:
    """The application of the project in that folder."""
    site = Site.of(root)
    routes = [Route(page.path, _endpoint(site, page), methods=[page.method]) for page in PAGES]
    return Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=_STATIC), name="static")],
        middleware=[Middleware(Guard)],
    )


def _endpoint(site: Site, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = {} if page.method == "GET" else {name: str(value) for name, value in (await request.form()).items()}
        visit = Visit(site, request, form)
        if page.method != "GET" and not is_own_form(
            site.secrets, request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD, "")
        ):
            message = "This page is older than the server. Load it again; copy what you have typed before you do."
            return visit.page("refused.html", 403, message=message)
        return await run_in_threadpool(_answer, page, visit)

    return answer


def _answer(page: Page, visit: Visit) -> Response:
    try:
        return page.answer(visit)
    except BrokenProjectError as error:
        return visit.page("broken.html", 500, diagnostics=error.diagnostics)
