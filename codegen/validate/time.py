"""Time: the interval must fire, and the dates must be ones that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError
from codegen.timetable.dst import localized
from codegen.validate.tasks import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from codegen.schema import Schedule


def check_interval(schedule: Schedule) -> Diagnostic | None:
    """The interval must fire with what the schedule's name draws for its `H`; what is wrong with it, if anything."""
    try:
        schedule.clock  # noqa: B018  # to read it is the check
    except InvalidError as error:
        return error.at(schedule.where("interval"))
    return None


def check_time(schedule: Schedule) -> Iterator[Diagnostic]:
    """The end must come after the start, and a date with an offset must be one on the schedule's clock."""
    zone = ZoneInfo(schedule.timezone)
    for key, date in (("start_date", schedule.start_date), ("end_date", schedule.end_date)):
        if date and date.tzinfo and _is_first_of_two(date.astimezone(zone)):
            message = (
                f"this time occurs twice in {schedule.timezone} because of a DST change, and Airflow uses the second"
            )
            yield Diagnostic(rules.AMBIGUOUS_DATE, message, schedule.where(key), "take a date an hour earlier or later")
    if schedule.catchup and "start_date" not in schedule.at:
        message = "`catchup` without a `start_date` starts a run for every interval since 1970"
        yield Diagnostic(rules.LONG_CATCHUP, message, schedule.where("catchup"), "set `start_date`")
    if schedule.data_interval is not None and not schedule.clock.cron:
        message = "`data_interval` has no effect without a cron schedule"
        hint = "remove it; `data_interval: null` removes an inherited one"
        yield Diagnostic(rules.NO_INTERVAL, message, schedule.where("data_interval"), hint)
    end = schedule.end_date
    if end and localized(end, zone) < localized(schedule.start_date, zone):
        message = "`end_date` is before `start_date`, so the DAG never runs"
        yield Diagnostic(rules.END_BEFORE_START, message, schedule.where("end_date"), "swap them")


def check_clock(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Airflow must not stall at a DST change."""
    if last := schedule.timetable(airflow).stall():
        change = f"a DST change of {schedule.timezone}"
        message = f"catch-up with data intervals stalls at {change}: it would stop at {last:%Y-%m-%d %H:%M}"
        hint = "set `data_interval: false`, or `timezone: UTC`, or a cron expression that lists the hours"
        yield Diagnostic(rules.STALLS, message, schedule.where("interval"), hint)


def check_durations(schedule: Schedule) -> Iterator[Diagnostic]:
    """A limit has no effect where the run has ended before it."""
    whole = schedule.dagrun_timeout
    if whole is None:
        return
    limits = [("deadline", schedule.deadline, schedule.where("deadline"))]
    name = "execution_timeout"
    limits.append((name, schedule.execution_timeout, schedule.where(name)))
    limits += [(name, task.execution_timeout, place_of(task, schedule, name)) for task in schedule.tasks or ()]
    for key, limit, place in limits:
        if limit and (limit > whole or (key == "deadline" and limit == whole)):
            message = f"`{key}` has no effect: `dagrun_timeout` ends the run first"
            yield Diagnostic(rules.NO_EFFECT, message, place, "shorten it, or raise `dagrun_timeout`")


def _is_first_of_two(date: datetime) -> bool:
    return date.fold == 0 and date.utcoffset() > date.replace(fold=1).utcoffset()  # type: ignore[operator]
