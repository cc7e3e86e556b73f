"""The runs of an interval: spread over the hour, and counted for a catch-up."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from examples import fewer
from hypothesis import example, given
from hypothesis import strategies as st
from project_builder import dagpress, write
from versions import NEWEST

from codegen.timetable.expansion import expand, is_plain
from codegen.timetable.interval import parse_interval
from codegen.timetable.pitfalls import pitfall_of
from codegen.timetable.portability import unsupported_by
from codegen.timetable.ticks import Ticks
from codegen.timetable.timetable import Timetable

_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]
_CRONS = ["*/20 * * * *", "0 * * * *", "30 2 * * *", "15,45 1-3 * * *", "0 0 L * *", "0 0,12 * * fri#2"]
_CRONS += ["7 2-4 1 * mon", "0 22-2 * mar,oct *"]


def test_a_fleet_is_spread_over_the_hour() -> None:
    """With `H`, a hundred schedules are distributed about evenly over the minutes."""
    minutes = [int((parse_interval("H * * * *", f"tap-{n}").cron or "").split()[0]) for n in range(100)]
    assert len(set(minutes)) > 40
    assert max(map(minutes.count, minutes)) < 8
    assert minutes == [int((parse_interval("H * * * *", f"tap-{n}").cron or "").split()[0]) for n in range(100)]


# Shortly before DST changes of these timezones, and at other times.
_DAYS = st.sampled_from([80, 85, 110, 270, 294, 300]) | st.integers(0, 700)


@fewer(2)
@given(
    cron=st.sampled_from(_CRONS),
    zone_name=st.sampled_from(_ZONES),
    day=_DAYS,
    at_end=st.booleans(),
    end=st.none() | st.integers(0, 12),
)
@example(cron="15,45 1-3 * * *", zone_name="Europe/Berlin", day=80, at_end=False, end=None)
@example(cron="15,45 1-3 * * *", zone_name="Europe/Berlin", day=80, at_end=True, end=None)
@example(cron="*/30 1-3 * * *", zone_name="America/New_York", day=296, at_end=False, end=8)
@example(cron="*/30 1-3 * * *", zone_name="America/New_York", day=296, at_end=True, end=8)
@example(cron="* * * * *", zone_name="Europe/Berlin", day=296, at_end=True, end=2)
def test_the_count_of_runs_matches_the_single_runs(
    cron: str, zone_name: str, day: int, *, at_end: bool, end: int | None
) -> None:
    """With the same first and last run."""
    zone, start = ZoneInfo(zone_name), datetime(2026, 1, 1, 5, 7, tzinfo=timezone.utc) + timedelta(days=day)
    timetable = Timetable(cron, zone, start, None if end is None else start + timedelta(days=end), at_end)
    now = start + timedelta(days=9, hours=day % 24)
    coming = timetable.next_runs(start - timedelta(days=1))
    runs = list(takewhile(lambda run: run.astimezone(timezone.utc) <= now, coming))
    backlog = timetable.backlog(now)
    counted = (backlog.count, backlog.first, backlog.last) if backlog else None
    assert counted == ((len(runs), runs[0], runs[-1]) if runs else None)


@pytest.mark.parametrize("cron", ["30 2 * * *", "15,45 1-3 * * *", "0 * * * *"])
@pytest.mark.parametrize("is_strict", [True, False])
def test_the_last_tick_is_not_after_the_given_time(cron: str, is_strict: bool) -> None:  # noqa: FBT001  # a parametrized case
    """On days with a missing or a repeated hour."""
    ticks = Ticks(cron, ZoneInfo("Europe/Berlin"), is_strict=is_strict)
    for month, day in ((3, 28), (10, 24)):
        times = [datetime(2026, month, day, 20, tzinfo=timezone.utc) + timedelta(minutes=10 * n) for n in range(60)]
        assert all(ticks.last_until(at) <= at for at in times)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_every_minute_since_1970_is_counted_quickly(zone: str) -> None:
    """Without iterating over 29 million runs."""
    now = datetime(2026, 11, 1, tzinfo=timezone.utc)
    start = datetime(1970, 1, 1, tzinfo=timezone.utc)
    before = time.process_time()
    backlog = Timetable("* * * * *", ZoneInfo(zone), start).backlog(now)
    assert time.process_time() - before < 20
    assert backlog
    assert backlog.count == (now - start) / timedelta(minutes=1) + 1


@pytest.mark.parametrize("position", range(5))
def test_a_plain_cron_has_the_values_of_croniter(position: int) -> None:
    """Most crons do not need croniter, which is slow to import; it parses all others."""
    values = [*map(str, range(-1, 100)), *(f"0{digit}" for digit in range(10)), "*", "٣", "1-2", "*/2", "L", "mon"]
    crons = [" ".join(["*"] * position + [value] + ["*"] * (4 - position)) for value in values]
    plain = [cron for cron in crons if is_plain(cron)]
    assert len(plain) > 7
    for cron in plain:
        assert expand(cron) == croniter.expand(cron)
        croniter(cron, datetime(2024, 1, 1, tzinfo=timezone.utc)).get_next(datetime)


@given(
    cron=st.sampled_from([*_CRONS, "* * * * *", "*/7 */5 * * 1-5", "5 4 29 2 *", "3 3 1-7 * 1", "0 * 15 * fri"]),
    moment=st.datetimes(datetime(1971, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001
)
def test_ticks_match_croniter(cron: str, moment: datetime) -> None:
    """Away from DST changes, they are those of croniter, which Airflow uses."""
    steps, moment = Ticks(cron, ZoneInfo("UTC")), moment.replace(tzinfo=timezone.utc)
    assert steps.next(moment) == croniter(cron, moment).get_next(datetime)
    assert steps.previous(moment) == croniter(cron, moment).get_prev(datetime)


@pytest.mark.parametrize(
    ("cron", "message"),
    [
        ("0 0 13 * 5", "runs on day 13 of the month and on every Friday, not only on days that are both"),
        ("0 0 1-7 * mon", "runs on the days `1-7` of the month and on every Monday, not only on days that are both"),
        ("0 0 31 4 mon-fri", "runs on day 31 of the month and on the weekdays `mon-fri`"),
        ("0 0 */1 * 5", "`*/1` is every day, and a cron runs on the days of either day field"),
        ("8-8 * * * *", "`8-8` is every minute since croniter 5, and only `8` before"),
        ("*/45 * * * *", "`*/45` is not every 45 minutes, but minutes 0 and 45 of each hour"),
        ("*/90 * * * *", "`*/90` is not every 90 minutes, but minute 0 of each hour"),
        ("0 */7 * * *", "`*/7` is not every 7 hours, but hours 0, 7, 14 and 21 of each day"),
        ("0 12/6 * * *", "`12/6` is not every 6 hours, but hours 12 and 18 of each day"),
        ("0 0 */10 * *", "`*/10` is not every 10 days, but days 1, 11, 21 and 31 of each month"),
        ("0 0 1 */5 *", "`*/5` is not every 5 months, but months 1, 6 and 11 of each year"),
        ("0 0 * * */2", "`*/2` is not every 2 days, but Sunday, Tuesday, Thursday and Saturday of each week"),
    ],
)
def test_a_surprising_cron_is_reported(cron: str, message: str) -> None:
    """Each fix is a cron that is not surprising."""
    pitfall = pitfall_of(cron)
    assert pitfall
    assert pitfall.message.startswith(message)
    fixes = [
        fix if " " in fix else re.sub(r"\S*/\S*", fix, cron, count=1) for fix in re.findall("`(.+?)`", pitfall.fix)
    ]
    assert [pitfall_of(parse_interval(fix, "").cron or "") for fix in fixes] == [None] * len(fixes)


@pytest.mark.parametrize(
    "cron",
    [
        "*/15 * * * *",
        "5/20 * * * *",
        "0 */2 * * 1-5",
        "0 0 ? * 1",
        "0 0 */1 * *",
        "0 0 * * */1",
        "0 0 1 */3 *",
        "0 0 L * *",
    ],
)
def test_a_cron_that_is_not_surprising_is_not_reported(cron: str) -> None:
    assert pitfall_of(cron) is None


@pytest.mark.parametrize(
    ("airflow", "cron", "portable"),
    [
        ("2.10", "0 22-2 * * *", "0 0,1,2,22,23 * * *"),
        ("2.10", "0 0 * nov-feb 6-1", "0 0 * 1,2,11,12 0,1,6"),
        ("2.10", "0 0 * * fri-sun", None),
        ("3.1", "0 22-2 * nov-feb *", None),
        ("3.1", "0 0 W15 * *", "0 0 15 * *"),
        ("3.1", "0 0 */10 * *", "0 0 1,11,21 * *"),
        ("3.2", "0 0 1W * *", None),
        (NEWEST, "0 0 31 4 mon-fri", "0 0 * 4 mon-fri"),
        (NEWEST, "59/5 0 * * *", "59 0 * * *"),
    ],
)
def test_a_portable_cron_is_proposed_for_an_older_croniter(airflow: str, cron: str, portable: str | None) -> None:
    found = unsupported_by(airflow, cron)
    assert (found and found.portable) == portable


def test_next_prints_the_number_of_catch_up_runs(tmp_path: Path) -> None:
    schedule = 'extractor: a\nloader: b\ninterval: "@daily"\nstart_date: 2026-01-01\ncatchup: true\n'
    write(tmp_path, {"schedules/a.yml": schedule, "schedules/b.yml": schedule + "data_interval: true\n"})
    code, out, err = dagpress(tmp_path, "next", "a", "-n", "1", "--after", "2026-12-31T06:00:00")
    assert (code, out) == (0, "Fri 2027-01-01 00:00 UTC\n")
    caught_up = (
        "Unpausing it then would catch up on 365 runs, from Thu 2026-01-01 00:00 UTC to Thu 2026-12-31 00:00 UTC.\n"
    )
    assert err == f"a: every day at 00:00 (UTC)\n{caught_up}"
    assert dagpress(tmp_path, "next", "a", "--format", "json", "--after", "2026-12-31")[2] == caught_up
    assert "364 runs, from Fri 2026-01-02 00:00 UTC" in dagpress(tmp_path, "next", "b", "--after", "2026-12-31")[2]
    assert (
        "catch up on 1 run, of Fri 2026-01-02 00:00 UTC." in dagpress(tmp_path, "next", "b", "--after", "2026-01-02")[2]
    )
    assert "catches up" not in dagpress(tmp_path, "next", "b", "--after", "2026-01-01")[2]
