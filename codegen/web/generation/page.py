"""Generates the DAG files like `dagpress generate`, and lists the written files."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen.diagnostics import DagpressError, Diagnostic, has_errors
from codegen.sync.changes import Change
from codegen.web.parts.destination import destination
from codegen.web.shell.request_context import Page, RequestContext

_CONFLICT = 409
_FAILED = 500


def _generate(context: RequestContext) -> Response:
    try:
        with destination(context, "generate") as inside:
            return _write(inside)
    except DagpressError as error:
        raise HTTPException(503, f"No files written: {error}.") from None


def _write(context: RequestContext) -> Response:
    with context.workspace.transaction() as transaction:
        snapshot = context.snapshot
        transaction.sweep(snapshot.project.schedules, snapshot.project.generated_dags)
        if has_errors(snapshot.diagnostics):
            return _page(context, _CONFLICT, (), snapshot.diagnostics)
        done, problems = transaction.apply(snapshot.changes)
    if context.proposal and done and not problems:
        return RedirectResponse(f"/proposals/{context.proposal}", 303)
    return _page(context, _FAILED if problems else 200, done, problems or snapshot.diagnostics)


def _page(context: RequestContext, status: int, done: Sequence[Change], diagnostics: Sequence[Diagnostic]) -> Response:
    return context.page(
        "generated.html", status, done=done, diagnostics=diagnostics, has_errors=has_errors(diagnostics)
    )


PAGES = (Page("/generate", _generate, "POST"),)
