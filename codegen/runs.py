"""The runs that Airflow starts on an interval: those to come, and those that it catches up with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from itertools import dropwhile
from typing import TYPE_CHECKING

from codegen.interval import Clock, NeverError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from codegen.interval import Interval

# A run follows from the one before. So many ticks back, a change of the clock has no effect any more.
_TICKS_BEFORE = 3


@dataclass(frozen=True)
class Bounds:
    """When a schedule begins and ends to run, and what a run is.

    Attributes:
        start: its start date (aware): a run at that very moment counts.
        end: its end date (aware): so does one at this.
        at_end: whether a run has a data interval and starts at its end: then the first starts one interval after the
            start date, and the last one interval after the end date.
        stalls: whether Airflow starts no run any more where a data interval would not come after the one before, as it
            can be after a change of the clock; else it takes the next.
    """

    start: datetime
    end: datetime | None
    at_end: bool
    stalls: bool


def next_runs(interval: Interval, zone: ZoneInfo, after: datetime, bounds: Bounds) -> Iterator[datetime]:
    """The moments at which Airflow starts a run, in the schedule's timezone, without end unless it has one.

    Args:
        interval: the schedule's.
        zone: its timezone.
        after: the first run is later than this (aware).
        bounds: its dates.
    """
    if interval.cron is None:
        return
    clock = Clock(interval.cron, zone)
    try:
        first = clock.on_or_after(bounds.start)
        begin = max(first, clock.earlier(after, _TICKS_BEFORE)) if after > first else first
        steps = _ends_of_intervals(clock, first, begin, bounds) if bounds.at_end else _moments(clock, begin, bounds)
        yield from dropwhile(lambda run: run <= after, steps)
    except NeverError:
        return


def _moments(clock: Clock, run: datetime, bounds: Bounds) -> Iterator[datetime]:
    """As `CronTriggerTimetable` in airflow/timetables/trigger.py."""
    while bounds.end is None or run <= bounds.end:
        yield run
        run = clock.next(run)


def _ends_of_intervals(clock: Clock, first: datetime, start: datetime, bounds: Bounds) -> Iterator[datetime]:
    """As `CronDataIntervalTimetable` in airflow/timetables/interval.py, where 3.3 does not stall any more."""
    while bounds.end is None or start <= bounds.end:
        end = clock.next(start)
        yield end
        following = max(clock.on_or_before(end), first)
        if following <= start and not bounds.stalls:
            following = clock.next(following)
        if following <= start:
            return
        start = following


@dataclass(frozen=True)
class Backlog:
    """The runs that Airflow catches up with: how many, the first and the last, in the schedule's timezone."""

    count: int
    first: datetime
    last: datetime


def backlog_of(interval: Interval, zone: ZoneInfo, now: datetime, bounds: Bounds) -> Backlog | None:
    """The runs that are due by now where none has been; nothing if there are none.

    Args:
        interval: the schedule's.
        zone: its timezone.
        now: the moment up to which they are counted (aware).
        bounds: its dates.
    """
    if interval.cron is None:
        return None
    clock = Clock(interval.cron, zone)
    try:
        first = clock.on_or_after(bounds.start)
        first = clock.next(first) if bounds.at_end else first
        end = clock.next(bounds.end) if bounds.end and bounds.at_end else bounds.end
        last = clock.on_or_before(min(now, end) if end else now)
    except NeverError:
        return None
    return Backlog(_count(clock, zone, first, last), first, last) if first <= last else None


def _count(clock: Clock, zone: ZoneInfo, first: datetime, last: datetime) -> int:
    """How many ticks there are from one to another: by arithmetic, but where the clock changes and at both ends."""
    count = 0
    for day in clock.days(first.date(), last.date()):
        ticks = clock.ticks_in(_hours_of(day, zone)) if first.date() < day < last.date() else None
        count += sum(first <= tick <= last for tick in clock.ticks_of(day)) if ticks is None else ticks
    return count


def _hours_of(day: date, zone: ZoneInfo) -> float:
    midnight, next_midnight = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    return (next_midnight.astimezone(timezone.utc) - midnight.astimezone(timezone.utc)) / timedelta(hours=1)
