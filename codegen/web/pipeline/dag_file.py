"""The DAG file of a schedule as it would be, beside the one on the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen import pipeline
from codegen.secrets.masking import masked
from codegen.sync.changes import Change
from codegen.web.parts.code import Piece, lines_of
from codegen.web.parts.patch import Patch, patch_between
from codegen.web.pipeline.source_text import LONGEST
from codegen.web.pipeline.view import View
from codegen.web.shell.safe_read import text_of


@dataclass(frozen=True)
class DagFile:
    """A DAG file.

    Attributes:
        lines: its text; nothing where there is none.
        is_new: whether it is as it would be generated now; else it is the one on the disk, since errors prevent that.
        change: what `generate` would do to it; nothing where it is current, or errors prevent that.
        patch: the change.
    """

    name: str
    lines: Sequence[Sequence[Piece]]
    is_new: bool
    change: Change | None
    patch: Patch = Patch()  # noqa: RUF009  # it is frozen

    @property
    def state(self) -> str:
        """Whether it is current, in a few words."""
        if not self.is_new:
            return "not compared, because of errors"
        if self.change is None:
            return "current"
        return {"create": "not generated yet", "update": "out of date", "delete": "to be deleted"}[
            self.change.action.value
        ]


def dag_file_of(view: View) -> DagFile:
    """The DAG file of a schedule, also of one with errors."""
    project, name = view.snapshot.project, view.dag_file
    if view.schedule:
        generation = pipeline.render(project, view.snapshot.reading, [view.schedule])
        if text := generation.files.get(name):
            change = view.snapshot.change_of(name)
            patch = patch_between(name, change.before, change.after) if change else Patch()
            return DagFile(name, lines_of(masked(text, name), "python"), True, change, patch)  # noqa: FBT003  # named in the class
    old = text_of(project.root, project.root / name, LONGEST)
    return DagFile(name, lines_of(masked(old, name), "python") if old else [], False, None)  # noqa: FBT003  # likewise
