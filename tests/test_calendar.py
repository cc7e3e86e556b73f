"""The calendar of a week: every run is in its hour, and the hours follow the local clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from examples import fewer
from hypothesis import example, given
from hypothesis import strategies as st
from versions import NEWEST, NEWEST_2

from codegen.calendar.busy import busy_hour
from codegen.calendar.week import Calendar, calendar_of, monday_of, parse_week, runs_in
from codegen.diagnostics import InvalidError
from codegen.schema import Schedule

_MINUTE = timedelta(minutes=1)
_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]
_ZONES += ["America/Havana", "Antarctica/Troll", "Pacific/Chatham"]
_CRONS = ["*/20 * * * *", "0 * * * *", "30 2 * * *", "15,45 1-3 * * *", "0 0 L * *", "0 0,12 * * fri#2", "@manual"]
_CRONS += ["7 2-4 * * mon", "0 * * * sun", "*/30 * * * 1-5", "45 23 * * *", "@weekly", "* 2 * * *"]
# Some are in weeks with a DST change, on the first and the last day.
_FIRST_DAYS = st.sampled_from(
    [date(2026, 3, 23), date(2026, 10, 19), date(2026, 10, 25), date(2026, 3, 8), date(2026, 4, 5), date(2026, 4, 24)]
) | st.dates(date(2025, 1, 1), date(2028, 1, 1))


def _schedule(interval: str, zone: str = "UTC", **more: object) -> Schedule:
    return Schedule(name="a", interval=interval, timezone=zone, **more)  # type: ignore[arg-type]


def _counts(calendar: Calendar) -> dict[tuple[date, int], int]:
    return {(hour.day, hour.number): hour.runs for hour in calendar.hours if hour.runs}


def _seen(zone: ZoneInfo, first: date) -> Counter[tuple[date, int]]:
    """Return how many minutes a clock shows each hour of a week, by checking each minute."""
    minutes = (datetime(first.year, first.month, first.day, tzinfo=timezone.utc) + n * _MINUTE for n in _far())
    seen = Counter((shown.date(), shown.hour) for shown in (minute.astimezone(zone) for minute in minutes))
    return Counter({hour: n for hour, n in seen.items() if first <= hour[0] < first + timedelta(days=7)})


def _far() -> range:
    return range(-2 * 24 * 60, 10 * 24 * 60)


@fewer(5)
@given(zone=st.sampled_from(_ZONES), first=_FIRST_DAYS)
@example(zone="Pacific/Apia", first=date(2011, 12, 26))
@example(zone="America/Goose_Bay", first=date(2010, 11, 1))
@example(zone="America/Goose_Bay", first=date(2010, 11, 7))
@example(zone="Asia/Manila", first=date(1978, 3, 20))
def test_hours_have_their_length_on_the_local_clock(zone: str, first: date) -> None:
    calendar = calendar_of([], NEWEST, first, ZoneInfo(zone))
    assert [hour.day for hour in calendar.hours] == [first + timedelta(days=n // 24) for n in range(7 * 24)]
    shown = {(hour.day, hour.number): hour.minutes for hour in calendar.hours if hour.minutes}
    assert shown == _seen(ZoneInfo(zone), first)


@fewer(2)
@given(
    cron=st.sampled_from(_CRONS),
    own=st.sampled_from(_ZONES),
    zone=st.sampled_from(_ZONES),
    first=_FIRST_DAYS,
    airflow=st.sampled_from([NEWEST_2, NEWEST]),
    start=st.integers(-10, 9),
    end=st.none() | st.integers(-2, 9),
)
def test_every_run_is_in_its_hour(  # noqa: PLR0913, PLR0917  # a week depends on all of them
    cron: str, own: str, zone: str, first: date, airflow: str, start: int, end: int | None
) -> None:
    """Compared with the single runs of a long period, sorted into local hours."""
    day = datetime(first.year, first.month, first.day, 5, 30, tzinfo=timezone.utc)
    begin, over = day + timedelta(days=start), None if end is None else day + timedelta(days=end)
    schedule = _schedule(cron, own, start_date=begin, end_date=over)
    runs = schedule.timetable(airflow).next_runs(day - timedelta(days=20))
    late = day + timedelta(days=10)
    shown = [run.astimezone(ZoneInfo(zone)) for run in takewhile(lambda run: run < late, runs)]
    calendar = calendar_of([schedule], airflow, first, ZoneInfo(zone))
    expected = Counter((run.date(), run.hour) for run in shown if first <= run.date() < first + timedelta(days=7))
    assert _counts(calendar) == expected
    for hour in calendar.hours:
        moments = runs_in(hour, schedule, airflow, ZoneInfo(zone))
        assert moments == [run for run in shown if (run.date(), run.hour) == (hour.day, hour.number)]
        if hour.spans:
            busy = busy_hour([schedule], airflow, hour.spans[-1].begin, ZoneInfo(zone))
            assert busy.starts == Counter(run.minute for run in moments)


@pytest.mark.parametrize(
    ("zone", "first", "key", "runs", "note"),
    [
        ("Europe/Berlin", date(2026, 3, 23), "2026-03-29T02", 0, "does not exist"),
        ("Europe/Berlin", date(2026, 10, 19), "2026-10-25T02", 8, "occurs twice"),
        ("America/New_York", date(2026, 3, 2), "2026-03-08T02", 0, "does not exist"),
        ("America/New_York", date(2026, 10, 26), "2026-11-01T01", 8, "occurs twice"),
        ("Australia/Lord_Howe", date(2026, 3, 30), "2026-04-05T01", 6, "has 90 minutes: 30 of them occur twice"),
        ("Australia/Lord_Howe", date(2026, 9, 28), "2026-10-04T02", 2, "has 30 minutes"),
        ("Africa/Cairo", date(2026, 4, 20), "2026-04-24T00", 0, "does not exist"),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-24T00", 0, "does not exist"),
        ("Pacific/Apia", date(2011, 12, 26), "2011-12-30T12", 0, "does not exist"),
        ("Asia/Kolkata", date(2026, 3, 23), "2026-03-29T02", 4, ""),
    ],
)
def test_dst_changes_are_reported(zone: str, first: date, key: str, runs: int, note: str) -> None:
    """With a run every 15 minutes."""
    calendar = calendar_of([_schedule("*/15 * * * *")], NEWEST, first, ZoneInfo(zone))
    hour = calendar.hour(key)
    assert hour
    assert (hour.runs, hour.note) == (runs, note)
    assert bool(note) == any(f"clocks in {zone} are set" in sentence for sentence in calendar.sentences)


def test_a_schedule_without_a_cron_is_reported() -> None:
    schedules = [_schedule("@manual"), _schedule("@daily", is_paused_upon_creation=True), _schedule("0 0 30 2 *")]
    calendar = calendar_of(schedules, NEWEST, date(2026, 3, 23), ZoneInfo("UTC"))
    assert calendar.sentences == [
        "7 runs of 1 schedule, at most 1 in an hour (Mon 2026-03-23 00:00).",
        "1 schedule starts paused; its runs are shown anyway.",
        "1 more schedule runs manually or after another schedule.",
    ]


def test_a_run_with_a_data_interval_starts_at_its_end() -> None:
    """So the first run is one interval after the start date."""
    schedule = _schedule("@daily", start_date=datetime(2026, 3, 25))  # noqa: DTZ001  # as the schema has it
    for data_interval, days in ((True, [26, 27, 28, 29]), (False, [25, 26, 27, 28, 29])):
        week = calendar_of([replace(schedule, data_interval=data_interval)], NEWEST, date(2026, 3, 23), ZoneInfo("UTC"))
        assert [hour.day.day for hour in week.hours if hour.runs] == days


@pytest.mark.parametrize(
    ("text", "first"),
    [("2026-W48", date(2026, 11, 23)), ("2026-w01", date(2025, 12, 29)), ("2026-11-25", date(2026, 11, 25))],
)
def test_a_week_is_an_iso_week_or_starts_on_a_date(text: str, first: date) -> None:
    assert parse_week(text) == first


@pytest.mark.parametrize(
    "text", ["2026-W54", "2026-W00", "0001-01-01", "9999-W52", "48", "20261123", "2026-02-30", "\x1b[2J"]
)
def test_an_invalid_week_is_an_error(text: str) -> None:
    with pytest.raises(InvalidError) as error:
        parse_week(text)
    assert error.value.message.isprintable()


def test_the_current_week_starts_on_monday_in_the_timezone() -> None:
    sunday_evening = datetime(2026, 3, 22, 20, tzinfo=timezone.utc)
    assert monday_of(sunday_evening, ZoneInfo("UTC")) == date(2026, 3, 16)
    assert monday_of(sunday_evening, ZoneInfo("Asia/Tokyo")) == date(2026, 3, 23)
