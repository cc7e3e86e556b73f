"""The recurrence of an interval: conversion in both directions with the same runs, and its description."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.timetable.expansion import expand
from codegen.timetable.humanize import recurrence_in_words
from codegen.timetable.interval import ALIASES, DAYS, parse_interval
from codegen.timetable.recurrence import (
    EVERY_MONTH,
    HOURS,
    JANUARY,
    LAST_DAY,
    MINUTES,
    QUARTERLY,
    EveryHours,
    EveryMinutes,
    OnDayOfMonth,
    OnWeekdays,
    Recurrence,
    interval_of,
    recurrence_of,
)


def _some(last: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.integers(0, last), min_size=1).map(lambda numbers: tuple(sorted(numbers)))


_MINUTE = st.integers(0, 59)
RECURRENCES = st.one_of(
    st.builds(EveryMinutes, st.sampled_from(MINUTES)),
    st.builds(EveryHours, st.sampled_from(HOURS), _MINUTE),
    st.builds(OnWeekdays, _some(23), _MINUTE, _some(6)),
    st.builds(
        OnDayOfMonth,
        _some(23),
        _MINUTE,
        st.integers(1, 31) | st.just(LAST_DAY),
        st.sampled_from([EVERY_MONTH, QUARTERLY, JANUARY]),
    ),
)


def _field(first: int, last: int, *others: str) -> st.SearchStrategy[str]:
    number = st.integers(first, last).map(str)
    span = st.tuples(st.integers(first, last), st.integers(first, last)).map(lambda ends: f"{min(ends)}-{max(ends)}")
    step = st.tuples(st.just("*") | number | span, st.integers(1, last)).map(lambda each: f"{each[0]}/{each[1]}")
    return st.lists(number | span, min_size=1, max_size=3).map(",".join) | step | st.sampled_from(["*", "*", *others])


_CRONS = st.tuples(
    st.just("0") | _field(0, 59, "H"),
    _field(0, 23, "22-2", "H(0-7)"),
    st.just("*") | _field(1, 31, "L", "?", "1W"),
    st.just("*") | _field(1, 12, "*/3", "jan"),
    st.just("*") | _field(0, 7, "fri#2", "L5", "mon-fri", "?", *DAYS),
).map(" ".join)
INTERVALS = _CRONS | st.sampled_from([*ALIASES, "15m", "PT15M", "7m", "6h", "1d", "7d", "", "daily"])


@given(RECURRENCES)
def test_a_recurrence_survives_the_conversion_to_an_interval(recurrence: Recurrence) -> None:
    assert recurrence_of(interval_of(recurrence)) == recurrence


@given(st.lists(INTERVALS, min_size=20, max_size=20))
def test_the_interval_of_a_recurrence_has_the_same_runs(intervals: list[str]) -> None:
    for interval in intervals:
        if recurrence := recurrence_of(interval):
            cron = parse_interval(interval, "a").cron
            assert _runs(cron) == _runs(parse_interval(interval_of(recurrence), "b").cron), interval
            assert recurrence.cron == parse_interval(interval_of(recurrence), "c").cron


def _runs(cron: str | None) -> object:
    """Return the values of each field; without a day of the month, all seven weekdays are every day."""
    values, nth = expand(cron or "")
    is_every_day = values[2] == ["*"] and [*values[4]] == [*range(7)]
    return [*values[:4], ["*"] if is_every_day else values[4]], nth


@pytest.mark.parametrize(
    ("interval", "written", "words"),
    [
        ("*/15 * * * *", "15m", "every 15 minutes"),
        ("* * * * *", "1m", "every minute"),
        ("1h", "@hourly", "every hour"),
        ("20 * * * *", "20 * * * *", "every hour at minute 20"),
        ("PT6H", "6h", "every 6 hours"),
        ("15 */6 * * *", "15 */6 * * *", "every 6 hours at minute 15"),
        ("@midnight", "@daily", "every day at 00:00"),
        ("30 6 ? * MON-FRI", "30 6 * * 1-5", "every weekday at 06:30"),
        ("0 6,18,12 * * *", "0 6,12,18 * * *", "every day at 06:00, 12:00 and 18:00"),
        ("0 8-18 * * 1-5", "0 8-18 * * 1-5", "every weekday, hourly from 08:00 to 18:00"),
        ("7 * * * sun", "7 0-23 * * 0", "every Sunday, every hour at minute 7"),
        ("5 6 * * thu,mon", "5 6 * * 1,4", "every Monday and Thursday at 06:05"),
        ("0 0 * * 7", "@weekly", "every Sunday at 00:00"),
        ("0 9 * * 6,0", "0 9 * * 0,6", "every Saturday and Sunday at 09:00"),
        ("0 9 * * sat-mon", "0 9 * * 0,1,6", "every Monday, Saturday and Sunday at 09:00"),
        ("0 6 1 * *", "0 6 1 * *", "on the 1st of every month at 06:00"),
        ("0 6 31 * *", "0 6 31 * *", "on the 31st of every month that has one at 06:00"),
        ("0 6 l * *", "0 6 L * *", "on the last day of every month at 06:00"),
        ("0 0 1 1,4,7,10 *", "@quarterly", "on the first day of every quarter at 00:00"),
        ("0 6 30 */3 *", "0 6 30 */3 *", "on the 30th of every quarter's first month at 06:00"),
        ("@annually", "@yearly", "every year on the 1st of January at 00:00"),
    ],
)
def test_an_interval_has_a_description(interval: str, written: str, words: str) -> None:
    recurrence = recurrence_of(interval)
    assert recurrence
    assert (interval_of(recurrence), recurrence_in_words(recurrence)) == (written, words)


@pytest.mark.parametrize(
    "interval",
    [
        *("H 6 * * *", "H H(0-7) * * *", "0 6 * * fri#2", "0 6 1W * *", "0 6 * * L5", "0 6 L,1 * *", "0 6 1 2 *"),
        *("0 6 1 * mon", "*/7 * * * *", "0 */5 * * *", "0 6 */2 * *", "*/30 6-22 * * *", "0,20 6 * * *", "0 6 * * 5-5"),
        *("@manual", "@once", "", "daily", "7m", "0 6 * *", "0 6 31 2 *"),
    ],
)
def test_an_interval_without_a_description_is_shown_unchanged(interval: str) -> None:
    assert recurrence_of(interval) is None
