"""The newly generated DAG file of a schedule, and its difference from the file on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from codegen.diagnostics import has_errors
from codegen.secrets.masking import masked
from codegen.sync.dag_code import CodeChange, DagCode, code_of
from codegen.web.parts.code import Piece, lines_of
from codegen.web.parts.patch import Patch, patch_of_dag
from codegen.web.pipeline.source_text import MAX_LENGTH
from codegen.web.pipeline.view import View
from codegen.web.shell.safe_read import text_of


@dataclass(frozen=True)
class DagFile:
    """A DAG file.

    Attributes:
        code: the code of the schedule in the file; None if the file does not contain it.
        is_new: whether the code is newly generated; False if errors prevent that, and it was read from disk.
        change: the change that `generate` would make to the code; None if it is current or cannot be generated.
    """

    name: str
    code: DagCode | None
    is_new: bool
    change: CodeChange | None

    @property
    def state(self) -> str:
        """Whether the file is current, as text."""
        if not self.is_new:
            return "not compared because of errors"
        if self.change is None:
            return "current"
        return "out of date" if self.change.before else "not generated yet"

    @property
    def lines(self) -> Sequence[Sequence[Piece]]:
        """The highlighted lines of the schedule's code."""
        return self._shown(self.code.block.text if self.code else "")

    @property
    def head(self) -> Sequence[Sequence[Piece]]:
        """The highlighted lines of the head of a shared file."""
        return self._shown(self.code.head.text if self.code else "")

    @cached_property
    def patch(self) -> Patch:
        """The patch of the change."""
        return patch_of_dag(self.name, self.change.before, self.change.after) if self.change else Patch()

    def _shown(self, text: str) -> Sequence[Sequence[Piece]]:
        return lines_of(masked(text[:MAX_LENGTH], self.name), "python") if text else []


def dag_file_of(view: View) -> DagFile:
    """Return the DAG file of a schedule, which may have errors."""
    snapshot, name, source = view.snapshot, view.dag_file, view.source.name
    errors = (each for each in snapshot.diagnostics if each.location.path == name)
    is_new = snapshot.is_compared and not has_errors(errors)
    change = snapshot.change_of(name, source) if is_new else None
    if change:
        return DagFile(name, change.after, is_new, change)
    there = text_of(snapshot.project.root, snapshot.project.root / name) or ""
    return DagFile(name, code_of(there.replace("\r\n", "\n"), source), is_new, None)
