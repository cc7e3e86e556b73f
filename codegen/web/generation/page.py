"""Carries out what `dagpress generate` does, and shows what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, has_errors
from codegen.sync.files import WriteError, apply, one_at_a_time
from codegen.web.shell.request_context import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from codegen.sync.files import Change
    from codegen.web.shell.request_context import RequestContext

_CONFLICT = 409
_FAILED = 500


def _generate(context: RequestContext) -> Response:
    workspace = context.site.workspace
    with one_at_a_time(workspace.root):
        snapshot = workspace.snapshot()
        if has_errors(snapshot.diagnostics):
            return _page(context, _CONFLICT, (), snapshot.diagnostics)
        try:
            apply(snapshot.changes, snapshot.project.root)
        except WriteError as error:
            hint = "fix that and generate again: a file is replaced as a whole or not at all"
            problem = Diagnostic(rules.NOT_WRITTEN, f"cannot be written: {error}", Location(error.name), hint)
            return _page(context, _FAILED, error.done, [problem])
    return _page(context, 200, snapshot.changes, snapshot.diagnostics)


def _page(context: RequestContext, status: int, done: Sequence[Change], diagnostics: Sequence[Diagnostic]) -> Response:
    return context.page(
        "generated.html", status, done=done, diagnostics=diagnostics, has_errors=has_errors(diagnostics)
    )


PAGES = (Page("/generate", _generate, "POST"),)
