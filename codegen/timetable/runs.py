"""The runs that Airflow starts on an interval: those to come, and those that it catches up with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache, partial
from itertools import count, dropwhile, islice, pairwise, takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.airflow_facts import at_least
from codegen.timetable.interval import Clock, NeverError, on_the_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from codegen.schema import Schedule
    from codegen.timetable.interval import Interval

# A run follows from the one before. So many ticks back, a change of the clock has no effect any more.
_TICKS_BEFORE = 3
_MOMENT = timedelta(microseconds=1)
_JANUARY = datetime(2026, 1, 1, tzinfo=timezone.utc)
# A run's logical date, and when it starts.
_Run = tuple[datetime, datetime]


@dataclass(frozen=True)
class Bounds:
    """When a schedule begins and ends to run, and what a run is.

    Attributes:
        start: its start date, in UTC: a run at that very moment counts.
        end: its end date, in UTC: so does one at this.
        at_end: whether a run has a data interval and starts at its end: then the first starts one interval after the
            start date, and the last one interval after the end date.
        skips: how many ticks Airflow skips where a data interval does not come after the one before, as it can be after
            a change of the clock; with more it stalls. Nothing is as many as it takes: without a catchup, time does it.
    """

    start: datetime
    end: datetime | None
    at_end: bool
    skips: int | None = None


def bounds_of(schedule: Schedule, airflow: str) -> Bounds:
    """The bounds of a checked schedule, for that version of Airflow, one of `VERSIONS`."""
    zone = ZoneInfo(schedule.timezone)
    end = schedule.end_date
    return Bounds(
        on_the_clock(schedule.start_date, zone).astimezone(timezone.utc),
        on_the_clock(end, zone).astimezone(timezone.utc) if end else None,
        at_end=schedule.has_data_intervals(airflow),
        skips=int(at_least(airflow, "3.3")) if schedule.catchup else None,
    )


def bounds_between(interval: Interval, zone: ZoneInfo, begin: datetime, end: datetime, bounds: Bounds) -> Bounds:
    """Bounds that give the same runs from one moment to before another, and are the same for all that do not cut there.

    So what is found for one schedule is found for all of that interval and timezone.

    Args:
        interval: the schedule's.
        zone: its timezone.
        begin: the first moment, in UTC.
        end: the moment after the last, in UTC.
        bounds: its dates.
    """
    if interval.cron:
        with suppress(NeverError):
            # No run depends on more than the ticks that `next_runs` goes back.
            reached = Clock(interval.cron, zone).earlier(begin, _TICKS_BEFORE)
            if bounds.start <= reached:
                bounds = replace(bounds, start=reached - timedelta(days=1))
    return replace(bounds, end=None) if bounds.end and bounds.end >= end else bounds


def next_runs(interval: Interval, zone: ZoneInfo, after: datetime, bounds: Bounds) -> Iterator[datetime]:
    """The moments at which Airflow starts a run, in the schedule's timezone, without end unless it has one.

    Args:
        interval: the schedule's.
        zone: its timezone.
        after: the first run is later than this, in UTC.
        bounds: its dates.
    """
    runs = _runs(interval, zone, after, bounds)
    yield from (run.astimezone(zone) for _, run in dropwhile(lambda dates: dates[1] <= after, runs))


def next_dates(interval: Interval, zone: ZoneInfo, after: datetime, bounds: Bounds) -> Iterator[datetime]:
    """The logical dates of the runs, in the schedule's timezone: with a data interval its start, else that of the run.

    Args:
        interval: the schedule's.
        zone: its timezone.
        after: the first date is later than this, in UTC.
        bounds: its dates.
    """
    runs = _runs(interval, zone, after, bounds)
    yield from (date.astimezone(zone) for date, _ in dropwhile(lambda dates: dates[0] <= after, runs))


def _runs(interval: Interval, zone: ZoneInfo, after: datetime, bounds: Bounds) -> Iterator[_Run]:
    """The runs, from some before a moment on."""
    if interval.cron is None:
        return
    clock = Clock(interval.cron, zone)
    with suppress(NeverError):
        first = clock.on_or_after(bounds.start)
        begin = max(first, clock.earlier(after, _TICKS_BEFORE)) if after > first else first
        yield from _data_intervals(clock, first, begin, bounds) if bounds.at_end else _moments(clock, begin, bounds)


def _moments(clock: Clock, run: datetime, bounds: Bounds) -> Iterator[_Run]:
    """As `CronTriggerTimetable` in airflow/timetables/trigger.py."""
    while bounds.end is None or run <= bounds.end:
        yield run, run
        run = clock.next(run)


def _data_intervals(clock: Clock, first: datetime, start: datetime, bounds: Bounds) -> Iterator[_Run]:
    """As `CronDataIntervalTimetable` in airflow/timetables/interval.py, which skips a tick since 3.3."""
    while bounds.end is None or start <= bounds.end:
        end = clock.next(start)
        yield start, end
        following = max(clock.on_or_before(end), first)
        for skipped in count():
            if following > start:
                break
            if skipped == bounds.skips:
                return
            following = clock.next(following)
        start = following


def stall_of(schedule: Schedule, airflow: str) -> datetime | None:
    """The last run before Airflow stalls at a change of the clock, in the years 2026 and 2027.

    It does so with a catchup on some crons that fire every hour of some days, where the data interval after a change is
    the one before it (up to 3.2), or an error (3.3): `next_dagrun_info` in airflow/timetables/interval.py.

    Args:
        schedule: a checked schedule.
        airflow: the version, one of `VERSIONS`.
    """
    interval, zone = schedule.clock, ZoneInfo(schedule.timezone)
    bounds = replace(bounds_of(schedule, airflow), start=_JANUARY, end=None)
    if not interval.cron or not bounds.at_end or bounds.skips is None or not Clock(interval.cron, zone).can_stall:
        return None
    for change in _changes_of(zone):
        runs = list(islice(next_runs(interval, zone, change, bounds), _TICKS_BEFORE))
        if len(runs) < _TICKS_BEFORE:
            return runs[-1] if runs else change.astimezone(zone)
    return None


@lru_cache(maxsize=256)
def _changes_of(zone: ZoneInfo) -> tuple[datetime, ...]:
    """The midnights, in UTC, of the days on which a timezone changes its clock in two years."""
    days = [_JANUARY + timedelta(days=number) for number in range(2 * 365)]
    return tuple(
        day
        for day, following in pairwise(days)
        if day.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset()
    )


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
        now: the moment up to which they are counted, in UTC.
        bounds: its dates.
    """
    if interval.cron is None:
        return None
    clock = Clock(interval.cron, zone)
    try:
        first = clock.on_or_after(bounds.start)
        first = clock.next(first) if bounds.at_end else first
        end = clock.next(_last_tick(clock, bounds.end)) if bounds.end and bounds.at_end else bounds.end
        last = _last_tick(clock, min(now, end) if end else now)
    except NeverError:
        return None
    if first > last:
        return None
    runs_of = partial(_ends_on, interval, zone, bounds) if bounds.at_end else clock.ticks_of
    return Backlog(_count(clock, zone, first, last, runs_of), first.astimezone(zone), last.astimezone(zone))


def _last_tick(clock: Clock, until: datetime) -> datetime:
    """The last tick up to a moment."""
    last = clock.on_or_before(until)
    while last > until:
        # In an hour that comes twice, it is the one of the later hour.
        last = clock.previous(last)
    return last


def _count(
    clock: Clock, zone: ZoneInfo, first: datetime, last: datetime, runs_of: Callable[[date], Iterable[datetime]]
) -> int:
    """How many runs there are from one to another: by arithmetic, but where the clock changes and at both ends.

    There they are looked at, as not every tick need be the end of an interval on a day on which the clock changes.
    """
    first_day, last_day = (moment.astimezone(zone).date() for moment in (first, last))
    total = 0
    for day in clock.days(first_day, last_day):
        ticks = clock.ticks_in(_hours_of(day, zone)) if first_day < day < last_day else None
        total += sum(first <= run <= last for run in runs_of(day)) if ticks is None else ticks
    return total


def _ends_on(interval: Interval, zone: ZoneInfo, bounds: Bounds, day: date) -> Iterator[datetime]:
    """The runs that start on a day, each at the end of its data interval."""
    midnight, next_midnight = midnights_of(day, zone)
    runs = next_runs(interval, zone, midnight - _MOMENT, bounds)
    return takewhile(lambda run: run < next_midnight, runs)


def _hours_of(day: date, zone: ZoneInfo) -> float:
    midnight, next_midnight = midnights_of(day, zone)
    return (next_midnight - midnight) / timedelta(hours=1)


def midnights_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a day begins and ends, in UTC."""
    days = (day, day + timedelta(days=1))
    midnight, next_midnight = (datetime.combine(each, time(), zone).astimezone(timezone.utc) for each in days)
    return midnight, next_midnight
