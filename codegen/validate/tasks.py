"""Tasks: they must have ids of their own, name each other rightly and form no cycle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, nearest, quoted
from codegen.schema.task import LONGEST_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.diagnostics import Location
    from codegen.schema import Schedule, Task


def check_tasks(schedule: Schedule) -> Iterator[Diagnostic]:
    """Tasks must have ids of their own, name each other rightly and form no cycle."""
    by_id: dict[str, Task] = {}
    for number, task in enumerate(schedule.tasks or ()):
        task_id = schedule.task_id(task, number)
        if task_id in by_id:
            message = f"two tasks have the id {quoted(task_id)}"
            yield Diagnostic("duplicate-task", message, place_of(task, schedule, "id"), "give each its own `id`")
        yield from check_task_id(task_id, place_of(task, schedule, "id"))
        by_id[task_id] = task
    for task in by_id.values():
        for name in task.after or ():
            if name not in by_id:
                hint = nearest(name, by_id) or f"the tasks are {', '.join(by_id)}"
                message = f"there is no task {quoted(name)}"
                yield Diagnostic("unknown-task", message, place_of(task, schedule, "after"), hint)
    yield from _check_cycle(by_id, schedule)


def check_task_id(task_id: str, location: Location) -> Iterator[Diagnostic]:
    """An id must not be too long."""
    if len(task_id) > LONGEST_ID:
        message = f"the id of the task has {len(task_id)} characters, Airflow takes {LONGEST_ID}"
        yield Diagnostic("long-name", message, location, "set a shorter `id`, or a shorter `dag_id`")


def _check_cycle(by_id: dict[str, Task], schedule: Schedule) -> Iterator[Diagnostic]:
    graph = {task_id: [name for name in task.after or () if name in by_id] for task_id, task in by_id.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        message = f"the tasks wait for each other: {' -> '.join(quoted(name) for name in cycle)}"
        yield Diagnostic("cycle", message, place_of(by_id[cycle[0]], schedule, "after"), "remove one `after`")


def place_of(task: Task, schedule: Schedule, key: str) -> Location:
    """Where a key of the task stands, else the task."""
    return task.at.get(key) or task.at.get("") or task.at.get("run") or schedule.where("tasks")
