"""Describes changed values of all other keys by their labels: of the DAG, and of the tasks that both sides have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from codegen.airflow_facts import facts_of
from codegen.diagnostics import joined, printable, quoted
from codegen.keys.table import Key, keys_of
from codegen.plan.steps import Step
from codegen.review.sentences.sentence import Kind, Sentence, change
from codegen.review.sentences.side import Side
from codegen.schema import Schedule, Task
from codegen.schema.alerts import DEADLINE, EVENTS
from codegen.schema.export import plain
from codegen.schema.table import schedule_table, task_table
from codegen.schema.task import WHAT_RUNS
from codegen.schema.task_defaults import TaskDefaults
from codegen.secrets.masking import masked_value

# The keys that have their own sentences, or none.
_EXCLUDED_KEYS = {"dag_id", "only", "environments", "job", "tasks", "id", *EVENTS, DEADLINE, *WHAT_RUNS, "loader"}
_MAX_LENGTH = 60
_UNSET = "not set"
_Path = tuple[str, ...]
_Values = Mapping[_Path, Any]
_Pair = tuple[str, str]


def key_sentences(before: Side, after: Side, described: Collection[str]) -> Iterator[Sentence]:
    """Yield the keys with a changed value that has an effect, except those already `described`."""
    table = {**task_table(after.project.airflow).rows, **schedule_table(after.project.airflow).rows}
    apart = {*_EXCLUDED_KEYS, *described}
    for path, (old, new) in _differing(_of_dag(before), _of_dag(after)).items():
        if path[0] not in apart:
            yield _sentence(table, path, old, new)
    shared = [task_id for task_id in after.steps if task_id in before.steps]
    found: dict[tuple[_Path, _Pair], list[str]] = defaultdict(list)
    reached: dict[str, int] = defaultdict(int)
    for task_id in shared:
        values = _of_task(before, before.steps[task_id]), _of_task(after, after.steps[task_id])
        for name in {path[0] for each in values for path in each}:
            reached[name] += 1
        for path, pair in _differing(*values).items():
            if path[0] not in apart:
                found[path, pair].append(task_id)
    for (path, (old, new)), task_ids in found.items():
        everywhere = len(task_ids) == reached[path[0]]
        yield _sentence(table, path, old, new, () if everywhere else task_ids)


def _sentence(table: Mapping[str, Key], path: _Path, old: str, new: str, task_ids: Collection[str] = ()) -> Sentence:
    name, *inner = path
    if name in _IN_WORDS and not inner and not task_ids and (text := _IN_WORDS[name].get(new)):
        return Sentence(Kind.DATA, text)
    label = table[name].title if name in table else name
    label += f", {quoted('.'.join(inner))}" if inner else ""
    label += f" (of {joined(map(quoted, task_ids))})" if task_ids else ""
    if old == new or max(len(old), len(new)) > _MAX_LENGTH:
        return Sentence(Kind.SETTINGS, f"{label}: changed.")
    return Sentence(Kind.SETTINGS, f"{change(label, old, new)}.")


# The effects of some values on the data.
_IN_WORDS = {
    "catchup": {
        "yes": "Catches up on missed runs, such as those while it was paused.",
        "no": "No longer catches up on missed runs, such as those while it was paused.",
    },
    "full_refresh": {
        "yes": "Every run loads everything again and ignores the saved state.",
        "no": "Runs continue from the saved state again and load only new data.",
    },
}


def _of_dag(side: Side) -> _Values:
    """Return the values of the keys of the DAG, by path."""
    schedule, of_dag = side.schedule, facts_of(side.project.airflow).dag
    values = {
        name: getattr(schedule, row.field)
        for name, row in keys_of(Schedule).items()
        if name not in keys_of(TaskDefaults)
    }
    arguments = {name: value for name, value in schedule.arguments.items() if name in of_dag}
    return _flat(plain({**values, **arguments}))


def _of_task(side: Side, step: Step) -> _Values:
    """Return the values of the keys that apply to a task, from the task or its schedule, by path."""
    schedule, task = side.schedule, step.task
    of_dag, defaults = facts_of(side.project.airflow).dag, keys_of(TaskDefaults)
    rows = task_table(side.project.airflow).rows
    own = {name: getattr(task, row.field) for name, row in keys_of(Task).items() if name not in defaults}
    shared = {name: schedule.of(task, row.field) for name, row in defaults.items()}
    env = {name: value for name, value in {**schedule.env, **task.env}.items() if value is not None}
    arguments = {name: value for name, value in schedule.arguments.items() if name not in of_dag} | {**task.arguments}
    values = {**own, **shared, "env": env, step.runner: step.settings or {}, **arguments}
    values = {
        name: value for name, value in values.items()
        if name in rows and (not rows[name].reaches or task.kind in rows[name].reaches)
    }  # fmt: skip
    return _flat(plain({name: value for name, value in values.items() if name != "after"}))


def _flat(values: Mapping[str, Any], path: _Path = ()) -> dict[_Path, Any]:
    """Return the values that are not maps, by their keys and the keys of the maps around them."""
    found: dict[_Path, Any] = {}
    for name, value in values.items():
        inner = _flat(value, (*path, str(name))) if isinstance(value, dict) else {}
        found |= inner or {(*path, str(name)): value}
    return found


def _differing(before: _Values, after: _Values) -> dict[_Path, _Pair]:
    """Return the values that differ, in words and without secrets."""
    pairs = {path: (before.get(path), after.get(path)) for path in {**before, **after}}
    return {
        path: (_in_words(old, path), _in_words(new, path))
        for path, (old, new) in pairs.items()
        if _identity(old) != _identity(new)
    }


def _identity(value: Any) -> str:  # noqa: ANN401  # any JSON value
    """Return a text that is equal for equal values, though not for `1` and `True`; empty for null and empty values."""
    return "" if value in (None, [], {}) else repr(value)


def _in_words(value: Any, path: _Path) -> str:  # noqa: ANN401  # any JSON value
    return _shown(masked_value(value, path))


def _shown(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or _UNSET
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(item)}" for name, item in value.items()) or _UNSET
    return _UNSET if value is None else printable(str(value))
