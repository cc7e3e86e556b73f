"""The arguments of a DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.keys.table import keys_of
from codegen.plan.alerts import dag_alerts, default_alerts
from codegen.plan.arguments import dag_arguments_of, moment, operator_arguments_of
from codegen.plan.dependencies import conditions_of
from codegen.schema.param import Param
from codegen.timetable.interval import AIRFLOW_PRESETS
from codegen.values import Argument, Call, Value, arguments_of, call, without_none

if TYPE_CHECKING:
    from codegen.plan.dependencies import Dependencies
    from codegen.plan.functions import Functions
    from codegen.schema import Schedule


def dag_arguments(
    schedule: Schedule, others: Dependencies, doc: Value, functions: Functions, airflow: str
) -> tuple[Argument, ...]:
    """The arguments of `DAG(...)`."""
    defaults = operator_arguments_of(schedule, schedule, airflow) | default_alerts(schedule, functions, airflow)
    arguments: dict[str, Value] = {
        "dag_id": schedule.dag_id_or_default,
        "description": schedule.description,
        "doc_md": doc,
        "schedule": _schedule(schedule, others, airflow),
        "start_date": moment(schedule.start_date, schedule.timezone),
        "end_date": moment(schedule.end_date, schedule.timezone) if schedule.end_date else None,
        **dag_arguments_of(schedule, airflow),
        "params": {name: _param(param) for name, param in schedule.params.items()} or None,
        **dag_alerts(schedule, functions, airflow),
        "default_args": without_none(defaults),
        "tags": schedule.all_tags,
    }
    return arguments_of({name: value for name, value in arguments.items() if value is not None or name == "schedule"})


def _param(param: Param) -> Value:
    """A plain default, or a `Param` where more than a default is given."""
    if param.is_plain:
        default: Value = param.default
        return default
    given = {name: getattr(param, name) for name in keys_of(Param) if name in param.at and name != "default"}
    return call("Param", *([param.default] if param.has_default else []), **given)


def _schedule(schedule: Schedule, others: Dependencies, airflow: str) -> Value:
    """A cron or a preset, a timetable, assets, or a timetable with assets.

    A plain cron stands for the timetable that the version takes for it, which has another name only inside
    `AssetOrTimeSchedule` (`create_timetable` in airflow/models/dag.py of 2.10 and 2.11, `_create_timetable` in
    airflow/sdk/definitions/dag.py since 3.0).
    """
    facts, cron = facts_of(airflow), schedule.clock.schedule
    if cron in AIRFLOW_PRESETS and cron not in facts.presets:
        cron = AIRFLOW_PRESETS[cron]
    if not schedule.after:
        is_default = schedule.has_data_intervals(airflow) == facts.cron_data_intervals
        return cron if cron is None or is_default else _timetable(schedule, cron, airflow)
    conditions = conditions_of(schedule.after, others, airflow)
    if cron is None:
        return conditions
    timetable = _timetable(schedule, cron, airflow)
    if facts.has_assets:
        return call("AssetOrTimeSchedule", timetable=timetable, assets=conditions)
    return call("DatasetOrTimeSchedule", timetable=timetable, datasets=conditions)


def _timetable(schedule: Schedule, cron: str, airflow: str) -> Call:
    name = "CronDataIntervalTimetable" if schedule.has_data_intervals(airflow) else "CronTriggerTimetable"
    return call(name, cron, timezone=schedule.timezone)
