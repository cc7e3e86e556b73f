"""Whether a run's date in UTC differs from the date in the schedule's timezone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.timetable.dst import dst_changes
from codegen.timetable.interval import Clock
from codegen.timetable.runs import Bounds, bounds_of, midnights_of, next_dates

if TYPE_CHECKING:
    from codegen.schema import Schedule
    from codegen.timetable.interval import Interval

_DAY = timedelta(days=1)
_YEAR = timedelta(days=365)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class OtherDate:
    """A logical date of a schedule that falls on another day in UTC.

    Attributes:
        at: its time on the clock of the schedule.
        is_previous: whether it falls on the previous day in UTC, else on the next one.
        is_always: whether it does so all the year, with and without daylight saving time.
    """

    at: time
    is_previous: bool
    is_always: bool


@dataclass(frozen=True)
class _Period:
    """A part of a year in which a timezone has one offset.

    Attributes:
        first: its first moment, in UTC.
        last: the moment after it, in UTC.
        offset: how far its clock is before UTC.
    """

    first: datetime
    last: datetime
    offset: timedelta

    @property
    def times(self) -> tuple[timedelta, timedelta]:
        """The times of day, from one to before another, at which it is another day in UTC."""
        return (timedelta(), self.offset) if self.offset > timedelta() else (_DAY + self.offset, _DAY)


def other_date_of(schedule: Schedule, airflow: str, today: date) -> OtherDate | None:
    """The earliest time of day at which a run of the coming year has another date in UTC; nothing if none has.

    Args:
        schedule: a checked schedule.
        airflow: the version, one of `VERSIONS`.
        today: the first day of that year, in UTC.
    """
    if schedule.timezone == "UTC" or not schedule.clock.cron:
        return None
    return other_date(schedule.clock, ZoneInfo(schedule.timezone), bounds_of(schedule, airflow), today)


@lru_cache(maxsize=4096)
def other_date(interval: Interval, zone: ZoneInfo, bounds: Bounds, today: date) -> OtherDate | None:
    """The same for an interval, which many schedules have.

    Args:
        interval: a cron.
        zone: its timezone.
        bounds: its dates.
        today: the first day of the year.
    """
    periods = _periods_of(zone, today)
    clock = Clock(interval.cron or "", zone)
    dates = [_first_in(period, interval, zone, bounds) for period in periods if clock.ticks_of_a_day(*period.times)]
    found = min((moment for moment in dates if moment), key=datetime.time, default=None)
    if found is None:
        return None
    of_day = timedelta(hours=found.hour, minutes=found.minute)
    is_always = all(begin <= of_day < end for begin, end in (period.times for period in periods))
    return OtherDate(found.time(), _is_previous(found), is_always)


def _first_in(period: _Period, interval: Interval, zone: ZoneInfo, bounds: Bounds) -> datetime | None:
    """The first logical date of a period that falls on another day in UTC.

    No day is looked at on which the cron does not fire, or before the next logical date.
    """
    clock = Clock(interval.cron or "", zone)
    day, last_day = (moment.astimezone(zone).date() for moment in (period.first, period.last))
    while firing := next(clock.days(day, last_day), None):
        begin, end = _other_day_in_utc(firing, zone, period)
        found = next(next_dates(interval, zone, begin - _INSTANT, bounds), None)
        if found is None:
            return None
        if found.astimezone(timezone.utc) < end:
            return found
        day = max(firing + _DAY, found.date())
    return None


def _other_day_in_utc(day: date, zone: ZoneInfo, period: _Period) -> tuple[datetime, datetime]:
    """The part of a day of the period in which it is another day in UTC, from one moment to before another."""
    midnight, next_midnight = midnights_of(day, zone)
    in_utc = datetime.combine(day, time(), timezone.utc)
    begin, end = (midnight, in_utc) if period.offset > timedelta() else (in_utc + _DAY, next_midnight)
    return max(begin, period.first), min(end, period.last)


@lru_cache(maxsize=256)
def _periods_of(zone: ZoneInfo, today: date) -> tuple[_Period, ...]:
    """The parts of the coming year with one offset each."""
    first = datetime.combine(today, time(), timezone.utc)
    last = first + _YEAR
    changes = [change.moment.astimezone(timezone.utc) for change in dst_changes(zone, first, last)]
    return tuple(
        _Period(begin, end, begin.astimezone(zone).utcoffset() or timedelta())
        for begin, end in pairwise([first, *changes, last])
    )


def _is_previous(moment: datetime) -> bool:
    return moment.astimezone(timezone.utc).date() < moment.date()
