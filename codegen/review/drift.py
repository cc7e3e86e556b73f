"""Compares a generation with the disk: changes, errors, and warnings about renamed schedules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, Location, has_errors, quoted
from codegen.pipeline import Generation
from codegen.project import Project
from codegen.review.behaviour import Behaviour, differences, without_name
from codegen.review.dag_text import from_source
from codegen.sync.blocks import sources_in
from codegen.sync.changes import Change
from codegen.sync.comparison import compare
from codegen.sync.parts import Action, Part
from codegen.validate.lint import apply_levels

NEW_DAG = "Airflow treats it as a new DAG without history"
# The keys of a schedule that keep an ID, by the fields of a behaviour.
_KEYS_OF_IDS = {"dag_id": "`dag_id`", "state_ids": "`state_id`"}


def compare_with_disk(project: Project, generation: Generation) -> tuple[list[Change], list[Diagnostic]]:
    """Return the changes that `generate` makes, none if the generation has errors; and all diagnostics."""
    if has_errors(generation.diagnostics):
        return [], generation.diagnostics
    scope = generation.selection.scope
    in_scope = scope.has if scope else lambda _: True
    cache = generation.reading.cache
    changes, problems = compare(generation.files, project.root, project.generated_dags, in_scope, cache)
    return changes, [*generation.diagnostics, *problems, *apply_levels(_renames(changes, cache), project.lint)]


def _renames(changes: Sequence[Change], cache: Cache) -> Iterator[Diagnostic]:
    """Yield a warning for each new DAG that has the behaviour of a deleted one under another DAG ID or state ID.

    It compares DAG files, since the schedule of a deleted DAG no longer exists.
    """
    if not any(sources_in(change.before) - sources_in(change.after) for change in changes):
        return
    deleted, created = (_dags(changes, action, cache) for action in (Action.DELETE, Action.CREATE))
    kept = {_ids(old) for _, old in deleted} & {_ids(new) for _, new in created}
    matches: dict[str, list[tuple[Part, Behaviour]]] = defaultdict(list)
    for part, new in created:
        if _ids(new) not in kept:
            matches[without_name(new, part.block.source)].append((part, new))
    for part, old in deleted:
        found = matches[without_name(old, part.block.source)]
        if _ids(old) not in kept and found:
            renamed, new = found.pop(0)
            fields = {difference.path[0] for difference in differences(old, new) if difference.path}
            keys = [key for field, key in _KEYS_OF_IDS.items() if field in fields]
            is_new = "dag_id" in fields
            what = NEW_DAG if is_new else "Meltano starts with a new state"
            message = f"this looks like {quoted(part.block.source)} renamed: {what}"
            hint = f"to keep the {'history' if is_new else 'state'}, set {' and '.join(keys)} to the former value"
            yield Diagnostic(rules.RENAMED, message, Location(renamed.file, renamed.block.line), hint)


def _ids(behaviour: Behaviour) -> str:
    """Return the IDs of a DAG, which stay the same if it moves to another file, such as its folder's."""
    return f"{[behaviour.fields[name] for name in _KEYS_OF_IDS]}"


def _dags(changes: Iterable[Change], action: Action, cache: Cache) -> list[tuple[Part, Behaviour]]:
    found = []
    for change in changes:
        parts = {part.block.source: part for part in change.parts if part.action is action and part.is_dag}
        text = change.after if action is Action.CREATE else change.before
        behaviours = cache((change.name, action), from_source, text, frozenset(parts)) if parts else {}
        found += [(parts[source], each) for source, each in behaviours.items()]
    return found
