"""Plans to remove imported schedules from meltano.yml, except those that would lose something."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.migrate.importing import Import, Imported
from codegen.migrate.items import BOM, name_of, text_of
from codegen.source.comments import read_layout
from codegen.source.edit import EditError, remove
from codegen.sync.changes import Action, Change


def plan_move(plan: Import, root: Path) -> tuple[list[Change], list[Diagnostic]]:
    """The changes of Meltano's files after an import, and a warning for each schedule that stays in them."""
    changes = []
    diagnostics = []
    for path in dict.fromkeys(each.draft.item.path for each in plan.imported):
        before = after = text_of(path)
        here = [each for each in plan.imported if each.draft.item.path == path]
        # From the last to the first, so that the indexes stay valid.
        for each in sorted(here, key=lambda each: each.draft.item.index, reverse=True):
            item = each.draft.item
            reason = _reason_to_stay(each, plan)
            if not reason:
                try:
                    after = remove(after, ("schedules", item.index))
                except EditError as error:
                    reason = str(error)
            if reason:
                message = f"the schedule {quoted(item.name)} stays in this file: {reason}"
                hint = "when its file has all that it needs, remove it by hand"
                diagnostics.append(Diagnostic(rules.NOT_MOVED, message, item.location, hint))
        if after != before:
            changes.append(Change(name_of(path, root), Action.UPDATE, before, after))
    return changes, diagnostics


def _reason_to_stay(each: Imported, plan: Import) -> str:
    item = each.draft.item
    if not each.draft.is_whole:
        return "not all of it came along"
    if reason := plan.stays.get(item.name):
        return reason
    carried = Counter(comment.text for comment in read_layout(each.after.removeprefix(BOM)).comments.values())
    lost = Counter(comment.text for comment in (*item.above, *item.inside)) - carried
    return f"its file has no comment {quoted(next(iter(lost)))}" if lost else ""
