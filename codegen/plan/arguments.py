"""The arguments of Airflow that keys set directly, and values as Airflow takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.airflow_facts import facts_of
from codegen.keys.table import keys_of
from codegen.schema import Schedule
from codegen.schema.task_defaults import TaskDefaults
from codegen.text.jinja import as_rendered
from codegen.values import Call, call

if TYPE_CHECKING:
    from codegen.values import Value


def dag_arguments_of(schedule: Schedule, airflow: str) -> dict[str, Value]:
    """The arguments of `DAG` that keys set directly."""
    own = [row for name, row in keys_of(Schedule).items() if row.argument and name not in keys_of(TaskDefaults)]
    ours = {row.argument: getattr(schedule, row.name) for row in own}
    airflows = {name: value for name, value in schedule.arguments.items() if name in facts_of(airflow).dag}
    return {name: _value(value, schedule) for name, value in {**ours, **airflows}.items()}


def operator_arguments_of(model: TaskDefaults, schedule: Schedule, airflow: str) -> dict[str, Value]:
    """The arguments of operators that the keys of a task set directly, or of the schedule for all of its tasks.

    On a schedule, a name that `DAG` and operators have is the DAG's.
    """
    ours = {row.argument: getattr(model, row.name) for row in keys_of(TaskDefaults).values() if row.argument}
    of_dag = facts_of(airflow).dag if model is schedule else {}
    airflows = {name: value for name, value in model.arguments.items() if name not in of_dag}
    return {name: _value(value, schedule) for name, value in {**ours, **airflows}.items()}


def rendered(value: Value) -> Value:
    """Data for a field that Airflow renders and that opens no files; the names in a map are no templates."""
    if isinstance(value, str):
        return as_rendered(value, endings=())
    if isinstance(value, Mapping):
        return {name: rendered(item) for name, item in value.items()}
    return [rendered(item) for item in value] if isinstance(value, Sequence) else value


def _value(value: Value | datetime, schedule: Schedule) -> Value:
    return moment(value, schedule.timezone) if isinstance(value, datetime) else value


def moment(value: datetime, zone: str) -> Call:
    """A date on the clock of the timezone, as `pendulum.datetime` takes it."""
    local = value.astimezone(ZoneInfo(zone)) if value.tzinfo else value
    parts = [local.year, local.month, local.day, local.hour, local.minute, local.second, local.microsecond]
    while len(parts) > 3 and parts[-1] == 0:  # noqa: PLR2004  # year, month and day stay
        parts.pop()
    return call("pendulum.datetime", *parts, tz=zone)
