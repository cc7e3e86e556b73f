"""The description of a cron in words matches Airflow's own timetable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from itertools import count, islice, takewhile
from pathlib import Path

import pytest
from harness import Airflow, import_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.diagnostics import InvalidError
from codegen.timetable.humanize import in_words, short_words
from codegen.timetable.interval import AIRFLOW_PRESETS, DAYS, parse_interval

pytestmark = pytest.mark.slow
_FIRST, _RUNS = datetime(2027, 1, 1, tzinfo=timezone.utc), 40
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = {"every month": range(1, 13), "every quarter's first month": (1, 4, 7, 10), "January": (1,)}
_DAG = 'DAG("{name}", schedule="{cron}", start_date=datetime(2027, 1, 1, tzinfo=timezone.utc), catchup=True)'


def _numbers(first: int, last: int) -> st.SearchStrategy[str]:
    return st.integers(first, last).flatmap(lambda number: st.sampled_from([f"{number}", f"{number:02}"]))


def _steps(last: int) -> st.SearchStrategy[str]:
    return st.integers(1, last).map("*/{}".format)


_MINUTES = _numbers(0, 59) | _steps(60) | st.sampled_from(["*", "0", "0-30", "5,35", "5/20"])
_HOURS = _numbers(0, 23) | _steps(24) | st.sampled_from(["*", "*", "*", "9-17", "22-2", "0,12"])
_DAYS = _numbers(1, 31) | _steps(31) | st.sampled_from(["*", "*", "*", "L", "l", "?", "1,15", "1W", "L,1"])
_WORDS = ["1-5", "mon-fri", "MON-FRI", "sat,sun", "fri#2", "L5", "1-6", "*/2", "?", "5-1", *DAYS, "Sun", "TUE"]
_CRONS = st.tuples(
    _MINUTES,
    _HOURS,
    st.just("*") | _DAYS,
    st.sampled_from(["*", "*", "*/3", "1", "1", "01", "jan", "*/2", "7", "1-12", "*/1"]),
    st.just("*") | _numbers(0, 7) | st.sampled_from(_WORDS),
).map(" ".join)


def _is_valid(interval: str) -> bool:
    try:
        return bool(parse_interval(interval, ""))
    except InvalidError:
        return False


def _runs_of(words: str) -> Iterator[datetime]:
    """Return the runs from the start of 2027 on that the description promises."""
    days, at, times = words.partition(" at ")
    if span := re.fullmatch(r"(.+), hourly from (\d+):(\d+) to (\d+):\d+", words):
        days, of_day = span[1], [time(hour, int(span[3])) for hour in range(int(span[2]), int(span[4]) + 1)]
    elif hourly := re.fullmatch(r"(.+), (every hour.*)", words):
        days, of_day = hourly[1], list(_times_of(hourly[2]))
    elif at and "minute" not in words:
        of_day = [time.fromisoformat(each) for each in _listed(times)]
    else:
        days, of_day = "every day", list(_times_of(words))
    fires = _days_of(days)
    for day in (_FIRST.date() + timedelta(number) for number in count()):
        if fires(day):
            yield from (datetime.combine(day, each, timezone.utc) for each in of_day)


def _times_of(words: str) -> Iterator[time]:
    found = re.fullmatch(r"every (?:(minute)|(\d+) minutes|(?:(\d+) hours|hour)(?: at minute (\d+))?)", words)
    assert found, words
    step = 1 if found[1] else int(found[2] or 60 * int(found[3] or 1))
    return (time(*divmod(minute, 60)) for minute in range(int(found[4] or 0), 24 * 60, step))


def _days_of(words: str) -> Callable[[date], bool]:
    words = words.replace("first day of every quarter", "1st of every quarter's first month")
    if found := re.fullmatch(
        r"(?:every year )?on the (?:last day|(\d+)(?:st|nd|rd|th)) of (.+?)( that has one)?", words
    ):
        months = _MONTHS[found[2]]
        return lambda day: (
            day.month in months and (day.day == int(found[1]) if found[1] else (day + timedelta(1)).day == 1)
        )
    named = {"every day": _WEEKDAYS, "every weekday": _WEEKDAYS[:5]}
    weekdays = named.get(words) or _listed(words.removeprefix("every "))
    return lambda day: _WEEKDAYS[day.weekday()] in weekdays


def _listed(words: str) -> list[str]:
    return re.split(", | and ", words)


_NUMBERS = count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(intervals=st.sets((_CRONS | st.sampled_from([*AIRFLOW_PRESETS])).filter(_is_valid), min_size=10, max_size=60))
def test_the_description_of_a_cron_matches_the_runs_of_airflow(
    airflow: Airflow, intervals: set[str], tmp_path: Path
) -> None:
    """Forty runs from the first of a year; a cron without words is shown itself."""
    words: dict[str, tuple[str | None, str]] = {}
    for interval in sorted(intervals):
        parsed = parse_interval(interval, "")
        if short := short_words(parsed):
            words[f"cron{len(words)}"] = (parsed.cron, short)
        else:
            assert in_words(parsed) == f"on the cron schedule `{interval}`"
    imports = f"from datetime import datetime, timezone\n{import_of('DAG', airflow.version)}\n"
    dags = (f"{name} = {_DAG.format(name=name, cron=cron)}\n" for name, (cron, _) in words.items())
    # Another file each time: Python compares only the second in which one was written.
    file = tmp_path / f"crons{next(_NUMBERS)}.py"
    file.write_text(imports + "".join(dags))
    theirs = airflow.worker.first_runs(file, dict.fromkeys(words, ("2026-12-31T00:00:00Z", _RUNS)))
    for name, (cron, short) in words.items():
        runs = [datetime.fromisoformat(run) for run, *_ in theirs[name]]
        # With data intervals, the first run starts at the end of the first interval.
        assert len(list(takewhile(lambda run: run < runs[0], _runs_of(short)))) <= 1, (cron, short)  # noqa: B023
        expected = (run for run in _runs_of(short) if run >= runs[0])
        assert runs == list(islice(expected, _RUNS)), (cron, short)
