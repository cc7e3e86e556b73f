"""Plans to remove imported schedules from meltano.yml, except those that would lose something."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.migrate.callers import Caller, callers_of
from codegen.migrate.importing import Import, Imported
from codegen.migrate.items import BOM, name_of, text_of
from codegen.source.comments import read_layout
from codegen.source.edit import edited
from codegen.source.edits import Remove
from codegen.sync.changes import Change
from codegen.sync.parts import Action
from codegen.validate.secrets import without_quoted_secrets


def plan_move(plan: Import, root: Path) -> tuple[list[Change], list[Diagnostic], int]:
    """Return the changes of Meltano's files after an import, the reasons why schedules stay, and the number moved."""
    changes = []
    callers = list(callers_of({each.draft.item.name for each in plan.imported}, root))
    called = {caller.name for caller in callers}
    stays: list[tuple[Imported, str]] = []
    for path in dict.fromkeys(each.draft.item.path for each in plan.imported):
        before = text_of(path)
        here = [(each, _reason_to_stay(each, plan)) for each in plan.imported if each.draft.item.path == path]
        leaving = {
            each.draft.item.index: each for each, reason in here if not reason and each.draft.item.name not in called
        }
        # From the last to the first, so that an alias is removed before its anchor.
        removals = {index: [Remove(("schedules", index))] for index in sorted(leaving, reverse=True)}
        after, errors = edited(before, removals)
        stays += [(each, reason) for each, reason in here if reason]
        stays += [(leaving[index], str(error)) for index, error in errors.items()]
        if after != before:
            changes.append(Change(name_of(path, root), Action.UPDATE, before, after))
    diagnostics = [_still_called(caller) for caller in callers if caller.name or changes]
    diagnostics += [_not_moved(each, reason) for each, reason in stays]
    remaining = {each.draft.item.name for each, _ in stays} | called - {""}
    return changes, without_quoted_secrets(diagnostics), len(plan.imported) - len(remaining)


def _still_called(caller: Caller) -> Diagnostic:
    if caller.name:
        message = f"this runs the schedule {quoted(caller.name)}, so the schedule stays in meltano.yml"
        hint = "remove the call, which the schedule's DAG replaces, and run `dagpress import --move` again"
    else:
        message = "this runs a schedule named by a variable, and fails for schedules removed from meltano.yml"
        hint = "remove the calls of such schedules, which their DAGs replace"
    return Diagnostic(rules.NOT_MOVED, message, caller.place, hint)


def _not_moved(each: Imported, reason: str) -> Diagnostic:
    item = each.draft.item
    message = f"the schedule {quoted(item.name)} stays in this file: {reason}"
    hint = "remove it by hand when its own file is complete"
    return Diagnostic(rules.NOT_MOVED, message, item.location, hint)


def _reason_to_stay(each: Imported, plan: Import) -> str:
    item = each.draft.item
    if not each.draft.is_whole:
        return "not all of it was imported"
    if reason := plan.stays.get(item.name):
        return reason
    carried = Counter(comment.text for comment in read_layout(each.after.removeprefix(BOM)).comments.values())
    lost = Counter(comment.text for comment in (*item.above, *item.inside)) - carried
    return f"its comment {quoted(next(iter(lost)))} was not copied" if lost else ""
