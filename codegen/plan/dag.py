"""The arguments of a DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.plan.arguments import dag_arguments_of, moment, operator_arguments_of
from codegen.plan.params import params_of
from codegen.plan.timetable import schedule_value
from codegen.values import Argument, Identifier, Value

if TYPE_CHECKING:
    from codegen.plan.alerts import AlertPlan
    from codegen.plan.dependencies import Dependencies
    from codegen.schema import Schedule


def dag_arguments(schedule: Schedule, others: Dependencies, alerts: AlertPlan, airflow: str) -> tuple[Argument, ...]:
    """What `DAG(...)` gets.

    Args:
        schedule: a checked schedule.
        others: the schedules beside it.
        alerts: its alerts.
        airflow: the version, one of `VERSIONS`.
    """
    arguments: dict[str, Value] = {
        "dag_id": schedule.dag_id_or_default,
        "description": schedule.description,
        "doc_md": Identifier("__doc__"),
        "schedule": schedule_value(schedule, others, airflow),
        "start_date": moment(schedule.start_date, schedule.timezone),
        "end_date": moment(schedule.end_date, schedule.timezone) if schedule.end_date else None,
        **dag_arguments_of(schedule, airflow),
        "params": params_of(schedule) or None,
        **alerts.dag_arguments(),
        "default_args": _default_args(schedule, alerts, airflow),
        "tags": schedule.all_tags,
    }
    return tuple(Argument(name, value) for name, value in arguments.items() if value is not None or name == "schedule")


def _default_args(schedule: Schedule, alerts: AlertPlan, airflow: str) -> dict[str, Value]:
    arguments = {**operator_arguments_of(schedule, schedule, airflow), **alerts.default_arguments()}
    return {name: value for name, value in arguments.items() if value is not None}
