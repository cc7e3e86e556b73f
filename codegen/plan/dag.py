"""The arguments of a DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.literal import Argument, Call, Identifier, Value
from codegen.plan.params import params_of
from codegen.plan.timetable import schedule_value

if TYPE_CHECKING:
    from datetime import datetime

    from codegen.plan.alerts import AlertPlan
    from codegen.plan.between import Between
    from codegen.schema import Schedule


def dag_arguments(schedule: Schedule, others: Between, alerts: AlertPlan, airflow: str) -> tuple[Argument, ...]:
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
        "start_date": _moment(schedule.start_date, schedule.timezone),
        "end_date": _moment(schedule.end_date, schedule.timezone) if schedule.end_date else None,
        "catchup": schedule.catchup,
        "max_active_runs": schedule.max_active_runs,
        "dagrun_timeout": schedule.run_timeout,
        "is_paused_upon_creation": schedule.paused,
        "params": params_of(schedule) or None,
        **alerts.dag_arguments(),
        "default_args": _default_args(schedule, alerts),
        "tags": schedule.all_tags,
    }
    return tuple(Argument(name, value) for name, value in arguments.items() if value is not None or name == "schedule")


def _moment(moment: datetime, zone: str) -> Call:
    """A date on the clock of the timezone, as `pendulum.datetime` takes it."""
    local = moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment
    parts = [local.year, local.month, local.day, local.hour, local.minute, local.second, local.microsecond]
    while len(parts) > 3 and parts[-1] == 0:  # noqa: PLR2004  # year, month and day stay
        parts.pop()
    return Call("pendulum.datetime", tuple(parts), (Argument("tz", zone),))


def _default_args(schedule: Schedule, alerts: AlertPlan) -> dict[str, Value]:
    arguments: dict[str, Value] = {
        "owner": schedule.owner,
        "retries": schedule.retries,
        "retry_delay": schedule.retry_delay,
        "retry_exponential_backoff": schedule.retry_exponential_backoff or None,
        "max_retry_delay": schedule.max_retry_delay,
        "execution_timeout": schedule.timeout,
        "pool": schedule.pool,
        "pool_slots": schedule.pool_slots,
        "priority_weight": schedule.priority_weight,
        "queue": schedule.queue,
        **alerts.default_arguments(),
    }
    return {name: value for name, value in arguments.items() if value is not None}
