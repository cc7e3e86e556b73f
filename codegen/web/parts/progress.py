"""Starts background operations, and shows their progress and result."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import RedirectResponse, Response

from codegen import git
from codegen.web.shell.operations import Operation, Operations
from codegen.web.shell.request_context import RequestContext


def start(
    context: RequestContext,
    operations: Operations,
    branch: str,
    work: Callable[[Operation], object],
    ended: Callable[[RequestContext, Operation], Response],
) -> Response:
    """Run `work` in the background, and show its progress; `ended` shows its result.

    Raises:
        LockedError: another operation is running.
    """
    return follow(context, context.site.operations.put(operations.start(branch, work, ended)))


def follow(context: RequestContext, operation: Operation) -> Response:
    """Show the progress of an operation, or its result once it has ended."""
    if operation.poll():
        if context.is_fragment:
            return Response(headers={"HX-Redirect": operation.address})
        response: Response = operation.ended(context, operation)
        return response
    if context.request.method == "POST":
        return RedirectResponse(operation.address, 303)
    return context.page("operation.html", operation=operation, limit=git.HOOKS_TIMEOUT)
