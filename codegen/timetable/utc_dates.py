"""Finds runs whose date in UTC differs from the date in the schedule's timezone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from codegen.timetable.dst import DAY, dst_changes, midnights_of
from codegen.timetable.timetable import Timetable

_YEAR = timedelta(days=365)
_INSTANT = timedelta(microseconds=1)


class OtherDate(NamedTuple):
    """A logical date that falls on another day in UTC.

    Attributes:
        at: its local time.
        is_previous: whether it falls on the previous day in UTC, or else on the next day.
        is_always: whether this holds all year, with and without DST.
    """

    at: time
    is_previous: bool
    is_always: bool


class _Period(NamedTuple):
    """A part of a year with a constant UTC offset: from `first` to before `last`, in UTC."""

    first: datetime
    last: datetime
    offset: timedelta

    @property
    def times(self) -> tuple[timedelta, timedelta]:
        """The local times, as start and exclusive end, at which it is another day in UTC."""
        return (timedelta(), self.offset) if self.offset > timedelta() else (DAY + self.offset, DAY)


@lru_cache(maxsize=4096)
def other_date(timetable: Timetable, today: date) -> OtherDate | None:
    """Return the earliest local time at which a run within a year has another date in UTC.

    Args:
        timetable: a timetable with a cron.
        today: the first day of the year, in UTC.
    """
    periods = list(_periods_of(timetable.zone, today))
    dates = [_first_in(period, timetable) for period in periods if timetable.ticks.fires_between(*period.times)]
    found = min((logical_date for logical_date in dates if logical_date), key=datetime.time, default=None)
    if found is None:
        return None
    of_day = timedelta(hours=found.hour, minutes=found.minute)
    is_previous = found.astimezone(timezone.utc).date() < found.date()
    is_always = all(begin <= of_day < end for begin, end in (period.times for period in periods))
    return OtherDate(found.time(), is_previous, is_always)


def _first_in(period: _Period, timetable: Timetable) -> datetime | None:
    """Return the first logical date of a period that falls on another day in UTC.

    Days on which the cron does not fire, and days before the next logical date, are skipped.
    """
    day, last_day = (each.astimezone(timetable.zone).date() for each in (period.first, period.last))
    while firing := next(timetable.ticks.days(day, last_day), None):
        begin, end = _other_day_in_utc(firing, timetable.zone, period)
        found = next(timetable.next_dates(begin - _INSTANT), None)
        if found is None:
            return None
        if found.astimezone(timezone.utc) < end:
            return found
        day = max(firing + DAY, found.date())
    return None


def _other_day_in_utc(day: date, zone: ZoneInfo, period: _Period) -> tuple[datetime, datetime]:
    """Return the part of a day in which it is another day in UTC, as start and exclusive end."""
    midnight, next_midnight = midnights_of(day, zone)
    in_utc = datetime.combine(day, time(), timezone.utc)
    begin, end = (midnight, in_utc) if period.offset > timedelta() else (in_utc + DAY, next_midnight)
    return max(begin, period.first), min(end, period.last)


def _periods_of(zone: ZoneInfo, today: date) -> Iterator[_Period]:
    first = datetime.combine(today, time(), timezone.utc)
    last = first + _YEAR
    changes = [change.time.astimezone(timezone.utc) for change in dst_changes(zone, first, last)]
    for begin, end in pairwise([first, *changes, last]):
        yield _Period(begin, end, begin.astimezone(zone).utcoffset() or timedelta())
