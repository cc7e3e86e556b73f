"""The keys that are arguments of Airflow as they are: of ours and of Airflow's own, each with its value."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.airflow_facts import facts_of
from codegen.keys.table import keys_of
from codegen.schema import Schedule
from codegen.schema.task_defaults import TaskDefaults
from codegen.values import Argument, Call

if TYPE_CHECKING:
    from codegen.values import Value


def dag_arguments_of(schedule: Schedule, airflow: str) -> dict[str, Value]:
    """The arguments of `DAG` that keys are as they are.

    Args:
        schedule: a checked schedule.
        airflow: the version, one of `VERSIONS`.
    """
    own = [row for name, row in keys_of(Schedule).items() if row.is_argument and name not in keys_of(TaskDefaults)]
    ours = {row.name: getattr(schedule, row.name) for row in own}
    airflows = {name: value for name, value in schedule.arguments.items() if name in facts_of(airflow).dag}
    return {name: _value(value, schedule) for name, value in {**ours, **airflows}.items()}


def operator_arguments_of(model: TaskDefaults, schedule: Schedule, airflow: str) -> dict[str, Value]:
    """The arguments of operators that keys are as they are.

    Args:
        model: a task, or the schedule for all of its tasks; a name that `DAG` has too is the DAG's there.
        schedule: the schedule.
        airflow: the version, one of `VERSIONS`.
    """
    ours = {row.name: getattr(model, row.name) for row in keys_of(TaskDefaults).values() if row.is_argument}
    of_dag = facts_of(airflow).dag if model is schedule else {}
    airflows = {name: value for name, value in model.arguments.items() if name not in of_dag}
    return {name: _value(value, schedule) for name, value in {**ours, **airflows}.items()}


def _value(value: Value | datetime, schedule: Schedule) -> Value:
    return moment(value, schedule.timezone) if isinstance(value, datetime) else value


def moment(value: datetime, zone: str) -> Call:
    """A date on the clock of the timezone, as `pendulum.datetime` takes it."""
    local = value.astimezone(ZoneInfo(zone)) if value.tzinfo else value
    parts = [local.year, local.month, local.day, local.hour, local.minute, local.second, local.microsecond]
    while len(parts) > 3 and parts[-1] == 0:  # noqa: PLR2004  # year, month and day stay
        parts.pop()
    return Call("pendulum.datetime", tuple(parts), (Argument("tz", zone),))
