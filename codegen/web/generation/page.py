"""Carries out what `dagpress generate` does, and shows what was written."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from codegen.diagnostics import Diagnostic, has_errors
from codegen.sync.changes import Change
from codegen.web.shell.request_context import Page, RequestContext

_CONFLICT = 409
_FAILED = 500


def _generate(context: RequestContext) -> Response:
    with context.workspace.transaction() as transaction:
        snapshot = context.snapshot
        transaction.sweep(snapshot.project.schedules, snapshot.project.generated_dags)
        if has_errors(snapshot.diagnostics):
            return _page(context, _CONFLICT, (), snapshot.diagnostics)
        done, problems = transaction.apply(snapshot.changes)
    return _page(context, _FAILED if problems else 200, done, problems or snapshot.diagnostics)


def _page(context: RequestContext, status: int, done: Sequence[Change], diagnostics: Sequence[Diagnostic]) -> Response:
    return context.page(
        "generated.html", status, done=done, diagnostics=diagnostics, has_errors=has_errors(diagnostics)
    )


PAGES = (Page("/generate", _generate, "POST"),)
