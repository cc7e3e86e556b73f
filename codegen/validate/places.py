"""The tasks and texts of a schedule, and the locations of their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codegen.diagnostics import Location
from codegen.keys.markers import Template
from codegen.meltano import MeltanoProject
from codegen.schema import Schedule, Task


def tasks_of(schedule: Schedule) -> Sequence[Task]:
    """Return the tasks of the schedule; for a job, one empty task with the schedule's values."""
    return schedule.own_tasks or (Task(),)


def runs_of_job(schedule: Schedule, meltano: MeltanoProject | None) -> Sequence[str]:
    """Return the tasks of the schedule's job."""
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    return job.tasks if job else ()


def place_of(task: Task, schedule: Schedule, key: str) -> Location:
    """Return the location of a key of the task, else of the task."""
    return task.at.get(key) or task.at.get("") or task.at.get("run") or schedule.where("tasks", "extractor")


def values_of(schedule: Schedule, key: str) -> Iterator[tuple[Any, Location]]:
    """Yield the non-empty values of a key in the schedule and its tasks, with their locations."""
    if value := getattr(schedule, key):
        yield value, schedule.where(key)
    for task in schedule.tasks or ():
        if value := getattr(task, key, None):
            yield value, place_of(task, schedule, key)


def texts_in(value: Any) -> Iterator[str]:  # noqa: ANN401  # any JSON value
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Template):
        yield value.text
    elif isinstance(value, Mapping | tuple | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(part)
