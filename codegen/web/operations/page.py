"""Shows the progress of a background operation, cancels it, and shows its result."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from codegen.web.parts.progress import follow
from codegen.web.shell.operations import Operation
from codegen.web.shell.request_context import Page, RequestContext


def _operation(context: RequestContext) -> Operation:
    if found := context.site.operations.get(context.request.path_params["key"]):
        return found
    raise HTTPException(404, "This page has expired.")


def _follow(context: RequestContext) -> Response:
    return follow(context, _operation(context))


def _cancel(context: RequestContext) -> Response:
    operation = _operation(context)
    operation.cancel()
    return follow(context, operation)


PAGES = (
    Page("/operations/{key}", _follow),
    Page("/operations/{key}", _cancel, "POST"),
)
