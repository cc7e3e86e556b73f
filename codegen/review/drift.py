"""Compares a generation with the disk: changes, errors, and warnings about renamed schedules."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, Location, has_errors, quoted
from codegen.pipeline import Generation
from codegen.project import Project
from codegen.review.behaviour import Behaviour, differences
from codegen.review.sources import STATE_ID, from_source
from codegen.sync.changes import Action, Change
from codegen.sync.comparison import compare
from codegen.validate.lint import apply_levels

# The keys of a schedule that keep an id, by the fields of a behaviour.
_KEYS_OF_IDS = {"dag_id": "`dag_id`", "state_ids": "`state_id`"}


def compare_with_disk(project: Project, generation: Generation) -> tuple[list[Change], list[Diagnostic]]:
    """The changes that `generate` makes, none where the generation has errors; and all diagnostics."""
    if has_errors(generation.diagnostics):
        return [], generation.diagnostics
    scope = generation.selection.scope
    in_scope = scope.has if scope else lambda _: True
    cache = generation.reading.cache
    changes, problems = compare(generation.files, project.root, project.generated_dags, in_scope, cache)
    return changes, [*generation.diagnostics, *problems, *apply_levels(_renames(changes, cache), project.lint)]


def _renames(changes: Sequence[Change], cache: Cache) -> Iterator[Diagnostic]:
    """A warning for each created file that has the behaviour of a deleted one under another DAG id or state id.

    The text of a deleted file is all that is left of its schedule.
    """
    deleted = [change for change in changes if change.action is Action.DELETE]
    if not deleted:
        return
    created: dict[str, list[tuple[Change, Behaviour]]] = defaultdict(list)
    for change in changes:
        if change.action is Action.CREATE and (new := cache((change.name, "after"), from_source, change.after)):
            created[_without_name(new, change)].append((change, new))
    for change in deleted:
        old = cache((change.name, "before"), from_source, change.before)
        matches = created[_without_name(old, change)] if old else []
        if old and matches:
            renamed, new = matches.pop(0)
            fields = {difference.path[0] for difference in differences(old, new) if difference.path}
            keys = [key for field, key in _KEYS_OF_IDS.items() if field in fields]
            if keys:
                is_new = "dag_id" in fields
                what = "Airflow treats it as a new DAG without history" if is_new else "Meltano starts with a new state"
                message = f"this looks like {quoted(change.name)} renamed: {what}"
                hint = f"to keep the {'history' if is_new else 'state'}, set {' and '.join(keys)} to the former value"
                yield Diagnostic(rules.RENAMED, message, Location(renamed.name), hint)


def _without_name(behaviour: Behaviour, change: Change) -> str:
    """The behaviour as text, without state ids, and without the file's name as a word or as a part of an id."""
    name = re.escape(PurePosixPath(change.name).stem)
    text = STATE_ID.sub("", f"{ {**behaviour.fields, 'state_ids': ()} }{behaviour.tasks}")
    return re.sub(rf"(?<![A-Za-z0-9-]){name}(?![A-Za-z0-9-])", "*", text)
