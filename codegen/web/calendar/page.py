"""The calendar: how many runs start in each hour of a week, and whose."""

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
# More moments of one schedule than these are told as the first, the last and their number.
_MOST_MOMENTS = 4


@dataclass(frozen=True)
class _Starter:
    """A schedule that starts in the chosen hour, and when."""

    schedule: Schedule
    moments: Sequence[datetime]
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
        problems.append(_words(error))
    calendar = calendar_of(filter(selection.has, schedules), project.airflow, first, zone)
    hour = calendar.hour(asked.get("hour", ""))
    return context.page(
        "calendar.html",
        calendar=calendar,
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
    """The value of a text; the default where it is empty, or invalid, which is a problem."""
    try:
        return parse(text) if text else default
    except InvalidError as error:
        problems.append(_words(error))
        return default


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(Timezone("a timezone").convert(Scalar("str", name, Location("timezone"))))


def _environment(name: str, known: Sequence[str], problems: list[str]) -> str:
    """The deployment environment that is asked for, else the first; empty in a project that has none."""
    if name and name not in known:
        problems.append(f"There is no environment {name}.")
    return name if name in known else next(iter(known), "")


def _words(error: InvalidError) -> str:
    return f"{error.message[0].upper()}{error.message[1:]} ({error.hint})."


def _starters(calendar: Calendar, hour: Hour, airflow: str) -> Sequence[_Starter]:
    """Who starts in an hour, the first first."""
    found = []
    for schedule, _ in hour.starts:
        moments = runs_in(hour, schedule, airflow, calendar.zone)
        found.append(_Starter(schedule, moments, _times(moments, "%H:%M %Z" if hour.is_double else "%H:%M")))
    # By the time that passes: a wall clock that is set back shows a later moment as an earlier one.
    return sorted(found, key=lambda each: ([moment.timestamp() for moment in each.moments], each.schedule.name))


def _times(moments: Sequence[datetime], form: str) -> str:
    """The moments as a person reads them."""
    if len(moments) > _MOST_MOMENTS:
        return f"{moments[0].strftime(form)} to {moments[-1].strftime(form)}, {len(moments)} runs"
    return ", ".join(moment.strftime(form) for moment in moments)


def _weeks(first: date, this_week: date) -> Sequence[tuple[str, date]]:
    """The weeks that a link leads to."""
    return (("Previous", first - _WEEK), ("This week", this_week), ("Next", first + _WEEK))


def _name_of_week(first: date) -> str:
    """As one writes it: `2026-W48`, or its first day where that is no Monday."""
    if first.weekday():
        return str(first)
    year, week, _ = first.isocalendar()
    return f"{year}-W{week:02}"


def _address(now: dict[str, str], **changes: object) -> str:
    """The address of the same page with something changed."""
    values = {name: str(value) for name, value in {**now, **changes}.items()}
    return "/calendar?" + urlencode({name: value for name, value in values.items() if value})
