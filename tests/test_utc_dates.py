"""Dates of runs in templates: UTC dates that differ from the local date, and dates that a run can lack."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from examples import fewer
from hypothesis import example, given
from hypothesis import strategies as st

from codegen.timetable.interval import parse_interval
from codegen.timetable.timetable import Timetable
from codegen.timetable.utc_dates import other_date

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("cron", "zone", "expected"),
    [
        ("30 0 * * *", "Europe/Berlin", "00:30 previous always"),
        ("30 1 * * *", "Europe/Berlin", "01:30 previous"),
        ("30 2 * * *", "Europe/Berlin", ""),
        ("30 1 1 1 *", "Europe/Berlin", ""),
        ("30 1 1 1,7 *", "Europe/Berlin", "01:30 previous"),
        ("45 1,23 * * *", "Europe/Berlin", "01:45 previous"),
        ("* * * * *", "Europe/Berlin", "00:00 previous always"),
        ("30 19 * * *", "America/New_York", "19:30 next"),
        ("30 18 * * *", "America/New_York", ""),
        ("0 21,20,19 * * *", "America/New_York", "19:00 next"),
        ("29 5 * * *", "Asia/Kolkata", "05:29 previous always"),
        ("30 5 * * *", "Asia/Kolkata", ""),
        ("0 0 * * *", "UTC", ""),
        ("0 0 * * *", "Africa/Abidjan", ""),
        ("59 23 * * *", "Europe/London", ""),
        ("0 0 29 2 *", "Asia/Tokyo", ""),
    ],
)
def test_a_utc_date_that_differs_from_the_local_date_is_found(cron: str, zone: str, expected: str) -> None:
    other = other_date(Timetable(cron, ZoneInfo(zone), _EPOCH), _TODAY)
    words = other and [
        f"{other.at:%H:%M}",
        "previous" if other.is_previous else "next",
        "always" if other.is_always else "",
    ]
    assert " ".join(words or []).strip() == expected


_ZONES = ["Europe/Berlin", "Europe/London", "America/New_York", "America/Havana", "America/Nuuk", "America/St_Johns"]
_ZONES += ["Atlantic/Azores", "Africa/Cairo", "Africa/Casablanca", "Asia/Kolkata", "Asia/Beirut", "Pacific/Apia"]
_ZONES += ["Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Marquesas", "Pacific/Kiritimati", "UTC"]
_CRONS = ["@daily", "@monthly", "30 1 * * *", "45 0,23 28-31 3,10 *", "30 2 * * sun", "15,45 * 25 10 *", "30 * * 3 sun"]
_CRONS += ["20 1-4 29 3 *", "0 20-23 * * *", "30 22,23 * * sat", "59 23 L * *", "0 0 29 2 *", "10 5 1 7 *"]
_CRONS += ["0 0,12 * * fri#2", "15 */3 1-7 * *"]


@fewer(2)
@given(
    cron=st.sampled_from(_CRONS) | st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    zone_name=st.sampled_from(_ZONES),
    today=st.dates(date(2026, 1, 1), date(2029, 1, 1)),
    start=st.sampled_from([-9999, -1, 0, 100, 364, 400]),
    end=st.none() | st.sampled_from([-1, 0, 90, 364]),
    at_end=st.booleans(),
)
@example(cron="30 22,23 * * sat", zone_name="America/Nuuk", today=_TODAY, start=-9999, end=None, at_end=False)
@example(cron="30 0 28 3 *", zone_name="Europe/Berlin", today=_TODAY, start=0, end=200, at_end=True)
def test_the_result_matches_a_walk_through_the_year(  # noqa: PLR0913
    cron: str, zone_name: str, today: date, start: int, end: int | None, *, at_end: bool
) -> None:
    """Every logical date of the next year is checked, with start and end dates."""
    first = datetime.combine(today, time(), timezone.utc)
    over = None if end is None else first + timedelta(max(start, end))
    timetable = Timetable(parse_interval(cron, "").cron, ZoneInfo(zone_name), first + timedelta(start), over, at_end)
    dates = timetable.next_dates(first - timedelta(microseconds=1))
    in_the_year = takewhile(lambda moment: moment.astimezone(timezone.utc) < first + timedelta(365), dates)
    others = {
        (moment.time(), utc.date() < moment.date())
        for moment, utc in ((moment, moment.astimezone(timezone.utc)) for moment in in_the_year)
        if utc.date() != moment.date()
    }
    found = other_date(timetable, today)
    assert bool(found) == bool(others)
    assert found is None or (found.at, found.is_previous) in others
