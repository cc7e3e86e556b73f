"""The calendar: the number of runs that start in each hour of a week, and the pipelines of one hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.responses import Response

from codegen.calendar.drawing import heat_css
from codegen.calendar.heat import Heat
from codegen.calendar.week import Calendar, Hour, calendar_of, monday_of, parse_week, runs_in
from codegen.diagnostics import InvalidError, Location, has_errors
from codegen.keys.texts import Timezone, timezones
from codegen.schema import Schedule
from codegen.schema.selection import KINDS, Selection, choices
from codegen.source.nodes import Scalar
from codegen.web.shell.humanize import start_of
from codegen.web.shell.request_context import Page, RequestContext

T = TypeVar("T")

_WEEK = timedelta(days=7)
# Limit on the times that are listed for one schedule in an hour; more are shortened to the first, the last and a count.
_MAX_TIMES = 4


@dataclass(frozen=True)
class _Starter:
    """A schedule with its runs in the selected hour."""

    schedule: Schedule
    runs: Sequence[datetime]
    times: str


def _calendar(context: RequestContext) -> Response:
    project, asked = context.snapshot.project, context.query
    problems: list[str] = []
    zone = _parsed(asked.get("timezone", ""), _zone, context.timezone, problems)
    this_week = monday_of(datetime.now(timezone.utc), zone)
    first = _parsed(asked.get("week", ""), parse_week, this_week, problems)
    environment = _environment(asked.get("environment", ""), project.deployments, problems)
    schedules = context.snapshot.reading.of(environment)
    chosen = {kind: asked.get(kind, "") for kind in KINDS}
    selection = Selection(**{kind: (value,) for kind, value in chosen.items() if value})
    try:
        selection.check(schedules)
    except InvalidError as error:
        problems.append(_sentence(error))
    calendar = calendar_of(filter(selection.has, schedules), project.airflow, first, zone)
    hour = calendar.hour(asked.get("hour", ""))
    return context.page(
        "calendar.html",
        calendar=calendar,
        sentences=calendar.sentences_about("pipeline"),
        heat=Heat(each.runs for each in calendar.hours),
        hour=hour,
        starters=_starters(calendar, hour, project.airflow) if hour else (),
        chosen={**chosen, "environment": environment},
        choices={"environment": project.deployments, **choices(schedules)},
        timezones=sorted(timezones()),
        weeks=_weeks(first, this_week),
        week=_name_of_week(first),
        address=partial(_address, {**asked, "week": str(first), "hour": ""}),
        problems=problems,
        has_errors=has_errors(context.snapshot.diagnostics),
        start_of=start_of,
    )


def _heat_css(_context: RequestContext) -> Response:
    return Response(heat_css(), media_type="text/css")


PAGES = (Page("/calendar", _calendar), Page("/calendar/heat.css", _heat_css))


def _parsed(text: str, parse: Callable[[str], T], default: T, problems: list[str]) -> T:
    """Parse a text. Return the default for an empty or invalid one; an invalid one adds a problem."""
    try:
        return parse(text) if text else default
    except InvalidError as error:
        problems.append(_sentence(error))
        return default


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(Timezone("a timezone").convert(Scalar("str", name, Location("timezone"))))


def _environment(name: str, known: Sequence[str], problems: list[str]) -> str:
    """Return the requested deployment environment, or else the first; empty in a project without environments."""
    if name and name not in known:
        problems.append(f"There is no environment {name}.")
    return name if name in known else next(iter(known), "")


def _sentence(error: InvalidError) -> str:
    return f"{error.message[0].upper()}{error.message[1:]} ({error.hint})."


def _starters(calendar: Calendar, hour: Hour, airflow: str) -> Sequence[_Starter]:
    """Return the schedules that start in an hour, in the order of their runs."""
    found = []
    for schedule, _ in hour.starts:
        runs = runs_in(hour, schedule, airflow, calendar.zone)
        found.append(_Starter(schedule, runs, _times(runs, "%H:%M %Z" if hour.is_double else "%H:%M")))
    # Sort by timestamp: local times repeat when the clock is set back.
    return sorted(found, key=lambda each: ([run.timestamp() for run in each.runs], each.schedule.name))


def _times(runs: Sequence[datetime], form: str) -> str:
    """Return the times of runs as text, such as `06:00, 06:30`."""
    if len(runs) > _MAX_TIMES:
        return f"{runs[0].strftime(form)} to {runs[-1].strftime(form)}, {len(runs)} runs"
    return ", ".join(run.strftime(form) for run in runs)


def _weeks(first: date, this_week: date) -> Sequence[tuple[str, date]]:
    return (("Previous", first - _WEEK), ("This week", this_week), ("Next", first + _WEEK))


def _name_of_week(first: date) -> str:
    """Return the week as typed: `2026-W48`, or its first day if it does not start on a Monday."""
    if first.weekday():
        return str(first)
    year, week, _ = first.isocalendar()
    return f"{year}-W{week:02}"


def _address(now: dict[str, str], **changes: object) -> str:
    """Return the URL of this page with some query parameters changed."""
    values = {name: str(value) for name, value in {**now, **changes}.items()}
    return "/calendar?" + urlencode({name: value for name, value in values.items() if value})
