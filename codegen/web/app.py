"""The ASGI application: routes, middleware and static files."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, ExceptionHandler, Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from codegen.diagnostics import DagpressError
from codegen.proposals import Proposals
from codegen.sync.lock import LockedError
from codegen.web.shell.draft_queue import DraftQueue
from codegen.web.shell.forms import read_form
from codegen.web.shell.identity import UserHeadersMiddleware
from codegen.web.shell.login import LoginMiddleware
from codegen.web.shell.request_context import Page, RequestContext, Site
from codegen.web.shell.security import CSRF_FIELD, CSRF_HEADER, HostMiddleware
from codegen.web.shell.worker import Worker
from codegen.web.shell.workspace import BrokenProjectError

_HERE = Path(__file__).parent
# Each folder with a module `page` is a page; its routes are the `PAGES` of that module.
PAGES: tuple[Page, ...] = tuple(
    page
    for path in sorted(_HERE.glob("*/page.py"))
    for page in import_module(f"codegen.web.{path.parent.name}.page").PAGES
)
_MESSAGES = {
    404: "This page does not exist.",
    405: "Method not allowed.",
    413: "Request too large.",
    415: "Unsupported content type: expected a URL-encoded form.",
    500: "This is a bug in Dagpress. Please report it with the traceback in the server's log.",
}
# Limits on concurrent requests, one thread each. Requests that can wait for the project lock leave threads for other
# requests, and both leave threads for static files.
_CONCURRENCY = {"GET": 20, "POST": 40}
_STALE_PAGE = "The server was restarted after this page was loaded. Copy your changes, and then reload the page."


def create_app(  # noqa: PLR0913  # the options of the server
    root: Path,
    environ: Mapping[str, str],
    names: Collection[str] = (),
    token: str = "",
    *,
    worker: Worker | None = None,
    proposals: Proposals | None = None,
    proxies: Sequence[str] = (),
    user_headers: Sequence[str] = (),
) -> ASGIApp:
    """Create the application for a project.

    Args:
        root: the project directory.
        environ: the environment variables, which can configure an Airflow.
        names: the allowed host names, in addition to the loopback names.
        token: the login token; empty to turn the login off.
        worker: the process that renders drafts; by default the shared one.
        proposals: the store of proposals; None to write changes into the project directory.
        proxies: the networks of the trusted proxies.
        user_headers: the headers of trusted proxies that identify the user.

    Raises:
        DagpressError: an environment variable is invalid.
    """
    site, draft_queue = Site.of(root, environ, worker, proposals, user_headers), DraftQueue()
    limiters = {method: CapacityLimiter(limit) for method, limit in _CONCURRENCY.items()}
    app: ASGIApp = Starlette(
        routes=[
            *(
                Route(page.path, _endpoint(site, page, limiters[page.method], draft_queue), methods=[page.method])
                for page in PAGES
            ),
            Mount("/static", _Static(directory=_HERE / "static"), name="static"),
        ],
        exception_handlers=dict.fromkeys(
            (BrokenProjectError, LockedError, DagpressError, HTTPException, Exception), _error_handler(site)
        ),
    )
    if token:
        app = LoginMiddleware(app, token, site.templates)
    app = HostMiddleware(app, frozenset(name.lower() for name in names))
    if proxies:
        app = cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), [*proxies]))
    if user_headers:
        app = UserHeadersMiddleware(app, frozenset(name.lower() for name in user_headers), proxies)
    return app


class _Static(StaticFiles):
    """Static files that browsers cache and revalidate."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def _endpoint(
    site: Site, page: Page, limiter: CapacityLimiter, draft_queue: DraftQueue
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = {} if page.method == "GET" else await read_form(request)
        token = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD, "")
        if page.method != "GET" and not hmac.compare_digest(site.csrf.encode(), token.encode()):
            raise HTTPException(403, _STALE_PAGE)
        context = RequestContext(site, request, form)
        if page.changes_checkout and site.proposals:
            raise HTTPException(404, "This server saves changes as proposals and does not commit in its checkout.")
        if page.needs_person and site.proposals and context.person is None:
            return RedirectResponse(f"/identity?{urlencode({'next': context.address})}", 303)
        if not page.is_draft:
            return await to_thread.run_sync(page.handler, context, limiter=limiter)
        async with draft_queue.slot(request.client.host if request.client else ""):
            # The browser aborts a request when it sends a newer draft.
            if await request.is_disconnected():
                return Response(status_code=204)
            watch = asyncio.create_task(_watch(context))
            try:
                return await to_thread.run_sync(page.handler, context, limiter=limiter)
            finally:
                watch.cancel()

    return answer


async def _watch(context: RequestContext) -> None:
    """Set `is_disconnected` when the client disconnects."""
    while (await context.request.receive())["type"] != "http.disconnect":
        pass
    context.is_disconnected.set()


def _error_handler(site: Site) -> ExceptionHandler:
    """Return the handler that renders error pages. Details of unexpected exceptions appear only in the server's log."""

    def handle(request: Request, error: Exception) -> Response:
        context = RequestContext(site, request, {})
        if isinstance(error, BrokenProjectError):
            return context.page("broken.html", 500, diagnostics=error.diagnostics)
        status, message, headers = 500, "", None
        if isinstance(error, LockedError):
            status, message = 503, f"No files written: {error}. Try again when it has finished."
        elif isinstance(error, DagpressError):
            status, message = 503, f"{error}."
        elif isinstance(error, HTTPException):
            status, headers = error.status_code, error.headers
            # Starlette's default detail is the HTTP status phrase.
            message = "" if error.detail == HTTPStatus(status).phrase else error.detail
        message = message or _MESSAGES.get(status, "The request cannot be processed.")
        answer = context.page("error.html", status, message=message)
        answer.headers.update(headers or {})
        return answer

    return handle
