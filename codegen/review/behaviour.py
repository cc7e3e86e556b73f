"""The behaviour of a DAG as data, and the comparison of two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

Fields = Mapping[str, object]
_STATE_ID = re.compile(r"--state-id=[^\s\"']+")


@dataclass(frozen=True)
class Behaviour:
    """The behaviour of a DAG and its tasks, by Airflow's names: `schedule`, `operator`, `upstream`, `env`, ...

    Two behaviours are comparable if the same function created both.
    """

    fields: Fields
    tasks: Mapping[str, Fields]


@dataclass(frozen=True)
class Difference:
    """One difference, of a task or, without `task_id`, of the DAG itself; a value that one side lacks is None.

    Attributes:
        path: the field, and the keys down a mapping such as `env`; empty for a task that one side lacks.
    """

    path: tuple[str, ...]
    old: object
    new: object
    task_id: str = ""


def differences(old: Behaviour, new: Behaviour) -> list[Difference]:
    """Compare two behaviours: the DAG, then the tasks that both have, then all other tasks."""
    found = list(_between(old.fields, new.fields, {**old.fields, **new.fields}))
    shared = [task_id for task_id in old.tasks if task_id in new.tasks]
    for task_id in shared:
        before, after = old.tasks[task_id], new.tasks[task_id]
        names = {**before, **after}
        if before["operator"] != after["operator"]:
            # Another operator has other arguments.
            names = {name: None for name in before if name in after}
        found += _between(before, after, names, task_id=task_id)
    for task_id in {**old.tasks, **new.tasks}:
        if task_id not in shared:
            found.append(Difference((), old.tasks.get(task_id), new.tasks.get(task_id), task_id))
    return found


def _between(
    old: Fields, new: Fields, names: Mapping[str, object], path: tuple[str, ...] = (), task_id: str = ""
) -> Iterator[Difference]:
    for name in names:
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _between(before, after, dict.fromkeys(sorted({**before, **after})), (*path, name), task_id)
        elif before != after or (name in old) != (name in new):
            yield Difference((*path, name), before, after, task_id)


def state_ids_in(tasks: Iterable[Fields]) -> list[str]:
    """Return the options of Meltano that set the state IDs of tasks."""
    return [state_id for task in tasks for state_id in _STATE_ID.findall(repr(task))]


def without_name(behaviour: Behaviour, source: str) -> str:
    """Return the behaviour as text, without state IDs, and without the schedule's name as a word or in an ID."""
    path = PurePosixPath(source)
    text = _STATE_ID.sub("", f"{ {**behaviour.fields, 'state_ids': ()} }{behaviour.tasks}")
    names = "|".join(map(re.escape, (path.with_suffix("").as_posix(), path.stem)))
    return re.sub(rf"(?<![A-Za-z0-9-])(?:{names})(?![A-Za-z0-9-])", "*", text)
