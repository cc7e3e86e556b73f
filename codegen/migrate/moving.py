"""Takes imported schedules out of meltano.yml, and nothing that did not come along."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.migrate.items import BOM, name_of, text_of
from codegen.source.comments import read_layout
from codegen.source.edit import EditError, remove
from codegen.sync.changes import Action, Change

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.migrate.importing import Import, Imported


def plan_move(plan: Import, root: Path) -> tuple[list[Change], list[Diagnostic]]:
    """What the files of Meltano are without the schedules that were imported.

    Args:
        plan: the import.
        root: the Dagpress project.

    Returns:
        The changes, and a warning for each schedule that stays because something of it would be lost.
    """
    changes = []
    diagnostics = []
    for path in dict.fromkeys(each.draft.item.path for each in plan.imported):
        before = after = text_of(path)
        here = [each for each in plan.imported if each.draft.item.path == path]
        # From the end backwards, so that the numbers of those before stay what they are.
        for each in sorted(here, key=lambda each: each.draft.item.index, reverse=True):
            after, reason = _without(each, plan, after)
            if reason:
                diagnostics.append(_stays(each, reason))
        if after != before:
            changes.append(Change(name_of(path, root), Action.UPDATE, before, after))
    return changes, diagnostics


def _without(each: Imported, plan: Import, text: str) -> tuple[str, str]:
    """The text without one schedule; or the text as it is, and what would be lost."""
    item = each.draft.item
    carried = Counter(comment.text for comment in read_layout(each.after.removeprefix(BOM)).comments.values())
    lost = Counter(comment.text for comment in (*item.above, *item.inside)) - carried
    if not each.draft.is_whole:
        return text, "not all of it came along"
    if reason := plan.stays.get(item.name):
        return text, reason
    if lost:
        return text, f"its file has no comment {quoted(next(iter(lost)))}"
    try:
        return remove(text, ("schedules", item.index)), ""
    except EditError as error:
        return text, str(error)


def _stays(each: Imported, reason: str) -> Diagnostic:
    message = f"the schedule {quoted(each.draft.item.name)} stays in this file: {reason}"
    hint = "when its file has all that it needs, remove it by hand"
    return Diagnostic(rules.NOT_MOVED, message, each.draft.item.location, hint)
