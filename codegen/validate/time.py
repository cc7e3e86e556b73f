"""Checks the interval, the dates and the durations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from codegen import rules
from codegen.airflow_facts import facts_of
from codegen.diagnostics import Diagnostic, InvalidError
from codegen.schema import Schedule
from codegen.schema.timetable import CustomTimetable
from codegen.timetable.dst import localized
from codegen.timetable.pitfalls import example_runs, pitfall_of
from codegen.timetable.portability import unsupported_by
from codegen.validate.operator_arguments import check_arguments_of, check_required
from codegen.validate.places import values_of


def check_interval(schedule: Schedule) -> Diagnostic | None:
    """Check the interval, including the values for `H`, which depend on the name of the schedule."""
    try:
        schedule.clock  # noqa: B018  # the property raises the error
    except InvalidError as error:
        return error.at(schedule.where("interval"))
    return None


def check_time(schedule: Schedule) -> Iterator[Diagnostic]:
    """Check that the dates are unambiguous and in order, and that keys about runs have an effect."""
    zone = ZoneInfo(schedule.timezone)
    for key, date in (("start_date", schedule.start_date), ("end_date", schedule.end_date)):
        if date and date.tzinfo and _is_first_of_two(date.astimezone(zone)):
            twice = f"this time occurs twice in {schedule.timezone} because of a DST change"
            message, hint = f"{twice}, and Airflow uses the second", "use a time an hour earlier or later"
            yield Diagnostic(rules.AMBIGUOUS_DATE, message, schedule.where(key), hint)
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
    """Check that Airflow supports the cron expression, runs it as expected, and does not stall at a DST change."""
    cron = schedule.clock.cron
    if unsupported := cron and unsupported_by(airflow, cron):
        rule = rules.INVALID_INTERVAL if unsupported.is_refused else rules.SURPRISING_CRON
        yield Diagnostic(rule, unsupported.message, schedule.where("interval"), f"write `{unsupported.portable}`")
    elif pitfall := cron and pitfall_of(cron):
        runs = ", ".join(f"{run:%a %Y-%m-%d %H:%M}" for run in example_runs(cron or ""))
        message = f"{pitfall.message}; consecutive runs: {runs}"
        yield Diagnostic(rules.SURPRISING_CRON, message, schedule.where("interval"), pitfall.fix)
    if schedule.catchup and (last := schedule.timetable(airflow).stall()):
        change = f"a DST change of {schedule.timezone}"
        message = f"catch-up with data intervals stalls at {change}: it would stop at {last:%Y-%m-%d %H:%M}"
        hint = "set `data_interval: false`, or `timezone: UTC`, or a cron expression that lists the hours"
        yield Diagnostic(rules.STALLS, message, schedule.where("interval"), hint)


def check_timetable(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Check the arguments of a timetable class of Airflow."""
    timetable = schedule.interval
    facts = facts_of(airflow).class_of(timetable.uses) if isinstance(timetable, CustomTimetable) else None
    if facts and isinstance(timetable, CustomTimetable):
        at = {name: timetable.at[f"with.{name}"] for name in timetable.with_}
        yield from check_arguments_of(timetable.with_, at, facts)
        yield from check_required(timetable.with_, timetable.at["uses"], facts)


def check_durations(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report limits that `dagrun_timeout` makes ineffective."""
    whole = schedule.dagrun_timeout
    if whole is None:
        return
    for key in ("deadline", "execution_timeout"):
        for limit, place in values_of(schedule, key):
            if limit > whole or (key == "deadline" and limit == whole):
                message = f"`{key}` has no effect: `dagrun_timeout` ends the run first"
                yield Diagnostic(rules.NO_EFFECT, message, place, "shorten it, or raise `dagrun_timeout`")


def _is_first_of_two(date: datetime) -> bool:
    return date.fold == 0 and date.utcoffset() > date.replace(fold=1).utcoffset()  # type: ignore[operator]
