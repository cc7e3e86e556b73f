"""The table of keys for a version of Airflow: keys of Dagpress, of the runners and of Airflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial

from codegen.diagnostics import quoted
from codegen.keys.table import Key, Refusal, Table, grouped, keys_of
from codegen.runners import RUNNERS
from codegen.schema.airflow_arguments import DAG_GROUP, TASK_GROUP, refusal, rows_of_airflow
from codegen.schema.model import Schedule
from codegen.schema.overlays import Overlays
from codegen.schema.task import Task, TaskList
from codegen.schema.task_defaults import SHELL_KINDS, TaskDefaults
from codegen.schema.timetable import IntervalType


@cache
def schedule_table(airflow: str) -> Table:
    """Return the keys of a schedule for a version of Airflow."""
    own, decided = keys_of(Schedule), _decided(Schedule)
    rows: dict[str, Key] = {
        **own,
        **_runner_rows(airflow),
        "interval": replace(own["interval"], type=IntervalType(airflow)),
        "tasks": replace(own["tasks"], type=TaskList(task_table(airflow), airflow)),
        "environments": replace(own["environments"], type=Overlays(partial(schedule_table, airflow))),
        **rows_of_airflow(airflow, DAG_GROUP, decided),
    }
    of_tasks = rows_of_airflow(airflow, TASK_GROUP, decided)
    rows |= {name: row for name, row in of_tasks.items() if name not in rows and not row.reaches}
    return Table(grouped(rows), partial(refusal, airflow=airflow, ours=decided))


@cache
def task_table(airflow: str) -> Table:
    """Return the keys of a task for a version of Airflow."""
    decided = _decided(Task)
    rows = {**keys_of(Task), **_runner_rows(airflow), **rows_of_airflow(airflow, TASK_GROUP, decided)}
    return Table(grouped(rows), partial(_refused_by_task, airflow, decided))


@cache
def _runner_rows(airflow: str) -> Mapping[str, Key]:
    """Return the keys with the settings of the runners, for a version of Airflow."""
    return {
        runner.name: Key(
            name=runner.name,
            type=runner.sections[0].of(airflow),
            group="how",
            doc=f"Settings of the runner `{runner.name}`, such as the image. A task's settings are merged over them.",
            example=runner.example,
            reaches=SHELL_KINDS,
            label=f"{runner.name.capitalize()} settings",
        )
        for runner in RUNNERS.values()
        if runner.sections
    }


def _refused_by_task(airflow: str, decided: Mapping[str, Key], name: str) -> Refusal | None:
    """Return why a name is not a key of a task; a key of the schedule is the most likely reason."""
    if name in schedule_table(airflow).rows:
        return f"{quoted(name)} is a key of the schedule", "write it there, outside of `tasks`"
    refused = refusal(name, airflow, {**_decided(Schedule), **decided})
    key = re.fullmatch(r"use `(\w+)`", refused[1]) if refused else None
    if refused and key and key[1] not in task_table(airflow).rows:
        return refused[0], f"{refused[1]} in the schedule, outside of `tasks`"
    return refused


def _decided(model: type[TaskDefaults]) -> Mapping[str, Key]:
    """Return the keys by the arguments of Airflow that they set."""
    return {argument: row for row in keys_of(model).values() for argument in row.arguments}
