"""The week of the fleet: every run is in its hour, and the hours are those that the clock shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codegen.calendar import Calendar, calendar_of, moments_of, monday_of, parse_week
from codegen.diagnostics import InvalidError
from codegen.runs import bounds_of, next_runs
from codegen.schema import Schedule

_MINUTE = timedelta(minutes=1)
_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]
_ZONES += ["America/Havana", "Antarctica/Troll", "Pacific/Chatham"]
_CRONS = ["*/20 * * * *", "0 * * * *", "30 2 * * *", "15,45 1-3 * * *", "0 0 L * *", "0 0,12 * * fri#2", "@manual"]
_CRONS += ["7 2-4 * * mon", "0 * * * sun", "*/30 * * * 1-5", "45 23 * * *", "@weekly"]
# Some are in weeks with a change of a clock, on its first and its last day.
_FIRST_DAYS = st.sampled_from(
    [date(2026, 3, 23), date(2026, 10, 19), date(2026, 10, 25), date(2026, 3, 8), date(2026, 4, 5), date(2026, 4, 24)]
) | st.dates(date(2025, 1, 1), date(2028, 1, 1))


def _schedule(interval: str, zone: str = "UTC", **more: object) -> Schedule:
    return Schedule(name="a", interval=interval, timezone=zone, **more)  # type: ignore[arg-type]


def _counts(calendar: Calendar) -> dict[tuple[date, int], int]:
    return {(hour.day, hour.number): hour.runs for hour in calendar.hours if hour.runs}


def _seen(zone: ZoneInfo, first: date) -> Counter[tuple[date, int]]:
    """How many minutes a clock shows each hour of a week: found by looking at it each minute."""
    minutes = (datetime(first.year, first.month, first.day, tzinfo=timezone.utc) + n * _MINUTE for n in _far())
    seen = Counter((shown.date(), shown.hour) for shown in (minute.astimezone(zone) for minute in minutes))
    return Counter({hour: n for hour, n in seen.items() if first <= hour[0] < first + timedelta(days=7)})


def _far() -> range:
    return range(-2 * 24 * 60, 10 * 24 * 60)


@settings(max_examples=60)
@given(zone=st.sampled_from(_ZONES), first=_FIRST_DAYS)
@example(zone="Pacific/Apia", first=date(2011, 12, 26))
@example(zone="America/Goose_Bay", first=date(2010, 11, 1))
@example(zone="America/Goose_Bay", first=date(2010, 11, 7))
@example(zone="Asia/Manila", first=date(1978, 3, 20))
def test_hours_last_as_long_as_the_clock_shows_them(zone: str, first: date) -> None:
    calendar = calendar_of([], "3.3", first, ZoneInfo(zone))
    assert [hour.day for hour in calendar.hours] == [first + timedelta(days=n // 24) for n in range(7 * 24)]
    shown = {(hour.day, hour.number): hour.minutes for hour in calendar.hours if hour.minutes}
    assert shown == _seen(ZoneInfo(zone), first)


@settings(max_examples=80)
@given(
    cron=st.sampled_from(_CRONS),
    own=st.sampled_from(_ZONES),
    zone=st.sampled_from(_ZONES),
    first=_FIRST_DAYS,
    airflow=st.sampled_from(["2.11", "3.3"]),
    start=st.integers(-10, 9),
    end=st.none() | st.integers(-2, 9),
)
def test_every_run_is_in_its_hour(  # noqa: PLR0913, PLR0917  # what a week depends on
    cron: str, own: str, zone: str, first: date, airflow: str, start: int, end: int | None
) -> None:
    """The runs of a long time, one by one, put into hours as the clock shows them."""
    day = datetime(first.year, first.month, first.day, 5, 30, tzinfo=timezone.utc)
    begin, over = day + timedelta(days=start), None if end is None else day + timedelta(days=end)
    schedule = _schedule(cron, own, start_date=begin, end_date=over)
    runs = next_runs(
        schedule.clock, ZoneInfo(own), day - timedelta(days=20), bounds_of(schedule, airflow)
    )
    late = day + timedelta(days=10)
    shown = [run.astimezone(ZoneInfo(zone)) for run in takewhile(lambda run: run < late, runs)]
    calendar = calendar_of([schedule], airflow, first, ZoneInfo(zone))
    expected = Counter((run.date(), run.hour) for run in shown if first <= run.date() < first + timedelta(days=7))
    assert _counts(calendar) == expected
    for hour in calendar.hours:
        moments = moments_of(schedule, airflow, hour, ZoneInfo(zone))
        assert moments == [run for run in shown if (run.date(), run.hour) == (hour.day, hour.number)]
