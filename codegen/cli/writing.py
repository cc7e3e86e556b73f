"""Writes changes for the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.sync.files import WriteError, apply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codegen.project import Project
    from codegen.sync.files import Change


def write(changes: Sequence[Change], project: Project) -> tuple[Sequence[Change], list[Diagnostic]]:
    """Make the changes; gives those that were made, and what hindered the others."""
    try:
        apply(changes, project.root)
    except WriteError as error:
        hint = "fix that and run it again: a file is replaced as a whole or not at all"
        problem = Diagnostic(rules.NOT_WRITTEN, f"cannot be written: {error}", Location(error.name), hint)
        return error.done, [problem]
    return changes, []
