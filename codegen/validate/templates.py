"""Checks templates: the dates that they use must exist in every run and be in the expected timezone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from codegen import rules
from codegen.airflow_facts import facts_of
from codegen.airflow_facts.context import INTERVAL_NAMES
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.keys.table import keys_of
from codegen.meltano import MeltanoProject
from codegen.runners.section import OperatorSettings
from codegen.schema import Schedule
from codegen.schema.alerts import DEADLINE, EVENTS
from codegen.schema.task_defaults import TaskDefaults
from codegen.text.jinja import is_template
from codegen.timetable.utc_dates import other_date
from codegen.validate.places import runs_of_job, texts_in

if TYPE_CHECKING:
    # Imports Jinja2.
    from codegen.validate.run_dates import DateUse

# `check_alerts` checks these.
_ALERTS = {*EVENTS, DEADLINE}


def check_templates(schedule: Schedule, meltano: MeltanoProject | None, airflow: str) -> Iterator[Diagnostic]:
    """Report dates that some runs do not have, empty data intervals, and UTC dates where local ones are expected.

    On Airflow 3, a run has a logical date only if it is scheduled or started with one, and a data interval only with
    `data_interval: true`.
    """
    values = [*templated_values(schedule, without=_ALERTS)]
    values += [(run, schedule.where("job")) for run in runs_of_job(schedule, meltano)]
    for text, place in ((text, place) for value, place in values for text in texts_in(value)):
        if not is_template(text):
            continue
        from codegen.validate.run_dates import date_uses  # noqa: PLC0415  # Jinja2 is slow to import

        for use in date_uses(text):
            if use.is_in(airflow):
                yield from _check_use(use, schedule, place, airflow)


def _check_use(use: DateUse, schedule: Schedule, place: Location, airflow: str) -> Iterator[Diagnostic]:
    may_lack_date = facts_of(airflow).optional_logical_date and bool(schedule.after or schedule.clock.is_manual)
    # Without a logical date, the date of the previous run cannot be converted.
    is_convertible = use.is_utc_date and not (may_lack_date and use.is_of_previous_run)
    is_local = schedule.timezone != "UTC" and bool(schedule.clock.cron)
    today = datetime.now(timezone.utc).date()
    other = other_date(schedule.timetable(airflow), today) if is_convertible and is_local else None
    # One hint fixes both.
    hint = use.on_the_clock(may_lack_date=may_lack_date) if other else use.in_every_run()
    if may_lack_date and not use.is_asked:
        manual = "a run that is triggered without a logical date"
        run = "a run that another schedule starts" if schedule.after else manual
        result = "the task gets `None`" if use.is_of_dag_run else "the task fails"
        message = f"{run} has no {quoted(use.name)} on Airflow 3, and {result}"
        yield Diagnostic(rules.NO_LOGICAL_DATE, message, place, hint)
    if other:
        day = "still the previous day" if other.is_previous else "already the next day"
        when = "" if other.is_always else " for part of the year"
        message = f"{quoted(use.text)} is in UTC: at {other.at:%H:%M} in {schedule.timezone} it is {day}{when}"
        yield Diagnostic(rules.UTC_DATE, message, place, hint)
    if use.variable in INTERVAL_NAMES and _has_empty_intervals(schedule, airflow):
        message = f"{quoted(use.variable)} belongs to an empty data interval: its start and end are equal on Airflow 3"
        hint = "set `data_interval: true`, or use `logical_date`"
        yield Diagnostic(rules.NO_DATA_INTERVAL, message, place, hint)


def _has_empty_intervals(schedule: Schedule, airflow: str) -> bool:
    is_plain_clock = bool(schedule.clock.cron) and not schedule.after
    return not facts_of(airflow).cron_data_intervals and is_plain_clock and not schedule.has_data_intervals(airflow)


def templated_values(
    model: Any,  # noqa: ANN401  # a schedule, or a map in it
    without: Collection[str] = (),
) -> Iterator[tuple[Any, Location]]:
    """Yield every templated value of a schedule, or of a map in it, with its location.

    Keys in `without` are skipped at any depth.
    """
    at: Mapping[str, Location] = model.at
    rows = keys_of(type(model))
    others: Mapping[str, Any] = {}
    if isinstance(model, TaskDefaults):
        others = model.settings
    elif isinstance(model, OperatorSettings):
        others = model.arguments
    # No default has a template.
    for name, own in at.items():
        row = rows.get(name)
        value = getattr(model, row.field) if row else others.get(name)
        if not value or name in without:
            continue
        is_templated = row.type.is_templated if row else isinstance(model, OperatorSettings)
        if is_templated and isinstance(value, Mapping):
            yield from ((part, at.get(f"{name}.{each}", own)) for each, part in value.items())
        elif is_templated:
            yield value, own
        for part in value if isinstance(value, tuple) else [value]:
            if hasattr(part, "at"):
                yield from templated_values(part, without)
