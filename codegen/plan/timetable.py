"""What `DAG(schedule=...)` gets: a cron or a preset, a timetable, assets, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.plan.dependencies import conditions_of
from codegen.timetable.interval import AIRFLOW_PRESETS
from codegen.values import Argument, Call, Value

if TYPE_CHECKING:
    from codegen.plan.dependencies import Dependencies
    from codegen.schema import Schedule


def schedule_value(schedule: Schedule, others: Dependencies, airflow: str) -> Value:
    """What starts the runs.

    A plain cron where that is what it means on that version, since its runs are those of the timetable that is named
    where there is no way round (`create_timetable` in airflow/models/dag.py of 2.10 and 2.11, `_create_timetable` in
    airflow/sdk/definitions/dag.py since 3.0).
    """
    cron = schedule.clock.schedule
    if cron in AIRFLOW_PRESETS and cron not in facts_of(airflow).presets:
        cron = AIRFLOW_PRESETS[cron]
    if not schedule.after:
        return _clock(schedule, cron, airflow) if cron else None
    conditions = conditions_of(schedule.after, others, airflow)
    if cron is None:
        return conditions
    has_assets = facts_of(airflow).has_assets
    function, name = ("AssetOrTimeSchedule", "assets") if has_assets else ("DatasetOrTimeSchedule", "datasets")
    timetable = _timetable(schedule, cron, airflow)
    return Call(function, (), (Argument("timetable", timetable), Argument(name, conditions)))


def _clock(schedule: Schedule, cron: str, airflow: str) -> Value:
    is_default = schedule.has_data_intervals(airflow) == facts_of(airflow).cron_data_intervals
    return cron if is_default else _timetable(schedule, cron, airflow)


def _timetable(schedule: Schedule, cron: str, airflow: str) -> Call:
    name = "CronDataIntervalTimetable" if schedule.has_data_intervals(airflow) else "CronTriggerTimetable"
    return Call(name, (cron,), (Argument("timezone", schedule.timezone),))
