"""The arguments of a DAG, and the operator arguments that keys set directly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from codegen.airflow_facts import facts_of
from codegen.keys.table import keys_of
from codegen.plan.alerts import dag_alerts, default_alerts
from codegen.plan.assets import asset_call
from codegen.plan.dependencies import Dependencies, conditions_of
from codegen.plan.tree import Functions
from codegen.schema import Schedule
from codegen.schema.asset import Asset
from codegen.schema.param import Param
from codegen.schema.task_defaults import TaskDefaults
from codegen.timetable.interval import AIRFLOW_PRESETS
from codegen.values import Argument, Call, Value, arguments_of, call, mapped, without_none


def dag_arguments(  # noqa: PLR0913
    schedule: Schedule,
    words: Mapping[str, Value],
    start: Value,
    functions: Functions,
    *,
    default_args: Mapping[str, Value],
    airflow: str,
) -> tuple[Argument, ...]:
    """Return the arguments of `DAG(...)`.

    Args:
        schedule: a schedule without errors.
        words: its `description` and `doc_md`.
        start: the value of Airflow's `schedule`.
        functions: the functions that call Python callables.
        default_args: default arguments from the runners.
        airflow: the target version.
    """
    defaults = operator_arguments_of(schedule, schedule, airflow) | default_alerts(schedule, functions, airflow)
    arguments: dict[str, Value] = {
        "dag_id": schedule.dag_id_or_default,
        **words,
        "schedule": start,
        "start_date": pendulum_datetime(schedule.start_date, schedule.timezone),
        "end_date": pendulum_datetime(schedule.end_date, schedule.timezone) if schedule.end_date else None,
        **_direct_arguments(schedule, airflow),
        "params": {name: _param(param) for name, param in schedule.params.items()} or None,
        **dag_alerts(schedule, functions, airflow),
        "default_args": {**without_none(defaults), **default_args},
        "tags": schedule.all_tags,
    }
    return arguments_of({name: value for name, value in arguments.items() if value is not None or name == "schedule"})


def _param(param: Param) -> Value:
    """Return a plain default, or a `Param` if there is more than a default."""
    if param.is_plain:
        default: Value = param.default
        return default
    given = {name: getattr(param, name) for name in keys_of(Param) if name in param.at and name != "default"}
    return call("Param", *([param.default] if param.has_default else []), **given)


def schedule_argument(schedule: Schedule, others: Dependencies, custom: Call | None, airflow: str) -> Value:
    """Return a cron or preset, a timetable, assets, or a timetable with assets; `custom` is a custom timetable.

    A plain cron is enough if this Airflow creates the wanted timetable from it (`create_timetable` in
    airflow/models/dag.py of 2.10 and 2.11, `_create_timetable` in airflow/sdk/definitions/dag.py since 3.0).
    """
    facts, cron = facts_of(airflow), schedule.clock.schedule
    if cron in AIRFLOW_PRESETS and cron not in facts.presets:
        cron = AIRFLOW_PRESETS[cron]
    if not schedule.after:
        is_default = schedule.has_data_intervals(airflow) == facts.cron_data_intervals
        if custom:
            return custom
        return cron if cron is None or is_default else _timetable(schedule, cron, airflow)
    conditions = conditions_of(schedule.after, others, airflow)
    if cron is None and custom is None:
        return conditions
    timetable = custom or _timetable(schedule, cron or "", airflow)
    if facts.has_assets:
        return call("AssetOrTimeSchedule", timetable=timetable, assets=conditions)
    return call("DatasetOrTimeSchedule", timetable=timetable, datasets=conditions)


def _timetable(schedule: Schedule, cron: str, airflow: str) -> Call:
    name = "CronDataIntervalTimetable" if schedule.has_data_intervals(airflow) else "CronTriggerTimetable"
    return call(name, cron, timezone=schedule.timezone)


def _direct_arguments(schedule: Schedule, airflow: str) -> dict[str, Value]:
    """Return the arguments of `DAG` that keys set directly."""
    ours = _given(schedule, [name for name in _arguments_of(Schedule) if name not in keys_of(TaskDefaults)])
    airflows = {name: value for name, value in schedule.arguments.items() if name in facts_of(airflow).dag}
    return lowered({**ours, **airflows}, schedule, airflow)


def operator_arguments_of(model: TaskDefaults, schedule: Schedule, airflow: str) -> dict[str, Value]:
    """Return the operator arguments that keys set directly: the keys of a task, or of a schedule for all its tasks.

    On a schedule, a name that `DAG` and operators share sets the argument of `DAG`.
    """
    ours = _given(model, _arguments_of(TaskDefaults))
    of_dag = facts_of(airflow).dag if model is schedule else {}
    airflows = {name: value for name, value in model.arguments.items() if name not in of_dag}
    return lowered({**ours, **airflows}, schedule, airflow)


def _given(model: TaskDefaults, names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(model, name)) is not None}


@cache
def _arguments_of(model: type[TaskDefaults]) -> tuple[str, ...]:
    return tuple(row.name for row in keys_of(model).values() if row.is_argument)


def lowered(values: Mapping[str, Any], schedule: Schedule, airflow: str) -> dict[str, Value]:
    """Return the values with datetimes and assets replaced by calls of Airflow's classes."""
    changes: Mapping[type, Callable[[Any], Value]] = {
        datetime: lambda value: pendulum_datetime(value, schedule.timezone),
        Asset: lambda asset: asset_call(asset, airflow),
    }
    return {name: mapped(value, changes) for name, value in values.items()}


def pendulum_datetime(value: datetime, zone: str) -> Call:
    """Return a call of `pendulum.datetime` with the local time in a timezone."""
    local = value.astimezone(ZoneInfo(zone)) if value.tzinfo else value
    parts = [local.year, local.month, local.day, local.hour, local.minute, local.second, local.microsecond]
    while len(parts) > 3 and parts[-1] == 0:  # noqa: PLR2004  # year, month and day stay
        parts.pop()
    return call("pendulum.datetime", *parts, tz=zone)
