"""Takes imported schedules out of meltano.yml, and nothing that did not come along."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, Severity, quoted
from codegen.editor import EditError, remove
from codegen.loader import read_layout
from codegen.switch.source import BOM, name_of, text_of
from codegen.sync import Action, Change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codegen.switch.importing import Import, Imported


def plan_move(plan: Import, root: Path) -> tuple[list[Change], list[Diagnostic]]:
    """What the files of Meltano are without the schedules that were imported.

    Args:
        plan: the import.
        root: the Dagpress project.

    Returns:
        The changes, and a finding for each schedule that stays because something of it would be lost.
    """
    imported = plan.imported
    carried = Counter(text for each in imported for text in _comments(each.after))
    changes = []
    diagnostics = []
    for path in dict.fromkeys(each.draft.item.path for each in imported):
        before = after = text_of(path)
        # From the end backwards, so that the numbers of those before stay what they are.
        for each in sorted(imported, key=lambda each: each.draft.item.index, reverse=True):
            if each.draft.item.path != path:
                continue
            try:
                _check_stay(each, plan)
                after = _without(each, after, carried)
            except _StaysError as error:
                diagnostics.append(error.diagnostic(each))
        if after != before:
            changes.append(Change(name_of(path, root), Action.UPDATE, before, after))
    return changes, diagnostics


class _StaysError(Exception):
    """A schedule that cannot go, with the reason."""

    def diagnostic(self, each: Imported) -> Diagnostic:
        message = f"the schedule {quoted(each.draft.schedule.name)} stays in this file: {self}"
        hint = "when its file has all that it needs, remove it by hand"
        return Diagnostic("not-moved", message, each.draft.item.location, hint, Severity.FINDING)


def _check_stay(each: Imported, plan: Import) -> None:
    """Refuse to move what is not as a whole in its file.

    Raises:
        _StaysError: it is not.
    """
    if not each.draft.is_whole:
        raise _StaysError("not all of it came along")
    if reason := plan.stays.get(each.draft.schedule.name):
        raise _StaysError(reason)


def _without(each: Imported, text: str, carried: Counter[str]) -> str:
    """The text without one schedule.

    Raises:
        _StaysError: something would be lost with it.
    """
    try:
        shorter = remove(text, ("schedules", each.draft.item.index))
    except EditError as error:
        raise _StaysError(str(error)) from error
    lost = Counter(_comments(text)) - Counter(_comments(shorter)) - carried
    if lost:
        raise _StaysError(f"its file has no comment {quoted(next(iter(lost)))}")
    return shorter


def _comments(text: str) -> Iterator[str]:
    for comment in read_layout(text.removeprefix(BOM)).comments.values():
        yield comment.text
