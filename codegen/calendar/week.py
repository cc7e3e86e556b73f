"""A week of the whole fleet: how many runs start in each hour of each day, and of which schedules."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property, lru_cache
from itertools import chain, takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.diagnostics import InvalidError, quoted
from codegen.timetable.dst import dst_changes
from codegen.timetable.runs import bounds_between, bounds_of, next_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from codegen.schema import Schedule
    from codegen.timetable.interval import Interval
    from codegen.timetable.runs import Bounds

    # The numbers of runs by the hours of the week, counted from 0.
    _Counts = tuple[tuple[int, int], ...]

_SECOND, _HOUR, _DAY, _WEEK = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_HOURS = 24
_MINUTES = 60
_MOMENT = timedelta(microseconds=1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_WEEK = re.compile(r"(\d{4})-?W(\d{2})", re.IGNORECASE)
# A timezone may show a day twice, as on a date line that moves: what belongs to a week may lie so far from it.
_MARGIN = timedelta(days=2)
_FIRST_YEAR, _LAST_YEAR = 1971, 2999


@dataclass(frozen=True)
class Span:
    """Time that passes while a wall clock shows one and the same hour: from `begin` to before `end`, in UTC."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Hour:
    """An hour of a day, as the wall clock shows it.

    Attributes:
        number: from 0 to 23.
        spans: when the clock shows it: never in a gap, and twice, or for longer, where it is set back.
        starts: the schedules of which runs start then, each with how many.
    """

    day: date
    number: int
    spans: tuple[Span, ...]
    starts: tuple[tuple[Schedule, int], ...]

    @cached_property
    def runs(self) -> int:
        """How many runs start."""
        return sum(number for _, number in self.starts)

    @cached_property
    def minutes(self) -> int:
        """How long the clock shows the hour: 60 minutes, but where it is changed."""
        return round(sum(((span.end - span.begin) for span in self.spans), timedelta()) / timedelta(minutes=1))

    @property
    def key(self) -> str:
        """The hour as it is named in addresses: `2026-03-29T02`."""
        return f"{self.day}T{self.number:02}"

    @property
    def words(self) -> str:
        """The hour as a person reads it: `Sun 2026-03-29 02:00`."""
        return f"{self.day:%a %Y-%m-%d} {self.number:02}:00"

    @property
    def is_double(self) -> bool:
        """Whether the clock shows it, or a part of it, twice."""
        return self.minutes > _MINUTES

    @property
    def note(self) -> str:
        """What a change of the clock does to the hour; empty where it does nothing."""
        if self.minutes == _MINUTES:
            return ""
        if not self.minutes:
            return "does not exist"
        if self.minutes == 2 * _MINUTES:
            return "comes twice"
        twice = f": {self.minutes - _MINUTES} of them come twice" if self.is_double else ""
        return f"has {self.minutes} minutes{twice}"


@dataclass(frozen=True)
class Change:
    """A change of a clock: what it shows at that moment before the change and after it."""

    zone: str
    before: datetime
    after: datetime

    @property
    def words(self) -> str:
        """What happens, such as `On Sun 2026-03-29 at 02:00 the clock of Europe/Berlin is set forward to 03:00`."""
        form = "%H:%M" if self.before.date() == self.after.date() else "%a %Y-%m-%d %H:%M"
        return (
            f"On {self.before:%a %Y-%m-%d} at {self.before:%H:%M} the clock of {self.zone} is set {self._way} "
            f"to {self.after.strftime(form)}"
        )

    @property
    def effect(self) -> str:
        """What that means for the hours of a calendar in that timezone."""
        return "does not exist" if self._way == "forward" else "comes twice, and has the runs of both times"

    @property
    def _way(self) -> str:
        return "forward" if self.after > self.before else "back"


@dataclass(frozen=True)
class Calendar:
    """A week.

    Attributes:
        zone: the timezone whose wall clock has the hours.
        days: seven, of 24 hours each.
        schedules: those that the clock starts, in this week or in another.
        waiting: those that it never starts: they wait for a person, or for other schedules.
        changes: those of the clocks of that timezone and of the schedules' own.
    """

    zone: ZoneInfo
    days: tuple[tuple[Hour, ...], ...]
    schedules: tuple[Schedule, ...]
    waiting: tuple[Schedule, ...]
    changes: tuple[Change, ...]

    @property
    def first(self) -> date:
        """The first day."""
        return self.days[0][0].day

    @property
    def last(self) -> date:
        """The seventh day."""
        return self.days[-1][0].day

    @property
    def hours(self) -> Iterator[Hour]:
        """All of them, in order."""
        return chain.from_iterable(self.days)

    @cached_property
    def runs(self) -> int:
        """How many runs start in the week."""
        return sum(hour.runs for hour in self.hours)

    @cached_property
    def sentences(self) -> Sequence[str]:
        """What there is to say about the week: its runs first, then what does not show in a number."""
        most = max(self.hours, key=lambda hour: hour.runs)
        peak = f", at most {most.runs:,} in an hour ({most.words})" if most.runs else ""
        said = [f"{_count(self.runs, 'run')} of {_count(len(self.running), 'schedule')}{peak}."]
        for change in self.changes:
            effect = f": the time between {change.effect}" if change.zone == self.zone.key else ""
            said.append(f"{change.words}{effect}.")
        if paused := sum(schedule.is_paused_upon_creation is True for schedule in self.running):
            verb = "begins" if paused == 1 else "begin"
            said.append(f"Of the schedules, {paused:,} {verb} paused; the calendar has their runs all the same.")
        if self.waiting:
            verb = "waits" if len(self.waiting) == 1 else "wait"
            said.append(f"{_count(len(self.waiting), 'more schedule')} {verb} for a person or for other schedules.")
        return said

    @cached_property
    def running(self) -> Sequence[Schedule]:
        """The schedules of which runs start in the week."""
        running = {id(schedule) for hour in self.hours for schedule, _ in hour.starts}
        return [schedule for schedule in self.schedules if id(schedule) in running]

    def hour(self, key: str) -> Hour | None:
        """The hour of that key, if the week has it."""
        return next((hour for hour in self.hours if hour.key == key), None)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def monday_of(moment: datetime, zone: ZoneInfo) -> date:
    """The Monday of the week that the wall clock of a timezone shows at a moment."""
    today = moment.astimezone(zone).date()
    return today - today.weekday() * _DAY


def parse_week(text: str) -> date:
    """The first day of a week: the Monday of one such as `2026-W48`, or the day itself of a date.

    Raises:
        InvalidError: it is neither.
    """
    try:
        week = _ISO_WEEK.fullmatch(text)
        day = date.fromisocalendar(int(week[1]), int(week[2]), 1) if week else _date(text)
    except ValueError as error:
        raise InvalidError(f"{quoted(text)} is not a week", "write 2026-W48, or its first day: 2026-11-23") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidError(f"{quoted(text)} is too far away", f"from {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _date(text: str) -> date:
    """A date in one form, since `fromisoformat` reads more of them on newer Pythons."""
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def calendar_of(schedules: Iterable[Schedule], airflow: str, first: date, zone: ZoneInfo) -> Calendar:
    """The week of these schedules.

    A schedule whose interval has an error is left out: that was reported where it was read. One that begins paused
    counts as the others do: whether it still is paused, Airflow alone knows.

    Args:
        schedules: those of one deployment environment.
        airflow: the version, one of `VERSIONS`, on which it depends when runs start.
        first: the first day.
        zone: the timezone of the days and hours.
    """
    on_the_clock, waiting = _sorted_out(schedules)
    starts: list[list[tuple[Schedule, int]]] = [[] for _ in range(_WEEK // _HOUR)]
    for schedule in on_the_clock:
        for position, number in _counts_of(schedule, airflow, first, zone):
            starts[position].append((schedule, number))
    spans = _spans_of(first, zone)
    hours = [
        Hour(first + position // _HOURS * _DAY, position % _HOURS, spans.get(position, ()), tuple(those))
        for position, those in enumerate(starts)
    ]
    days = tuple(tuple(hours[number : number + _HOURS]) for number in range(0, len(hours), _HOURS))
    zones = dict.fromkeys([zone.key, *(schedule.timezone for schedule in on_the_clock)])
    changes = chain.from_iterable(_changes(ZoneInfo(name), *_ends_of(first, zone)) for name in zones)
    return Calendar(zone, days, tuple(on_the_clock), tuple(waiting), tuple(changes))


def moments_of(schedule: Schedule, airflow: str, hour: Hour, zone: ZoneInfo) -> list[datetime]:
    """The moments at which runs of a schedule start in an hour, in the timezone of the calendar."""
    if not hour.spans:
        return []
    interval, own = schedule.clock, ZoneInfo(schedule.timezone)
    # At a change of the clock a run follows from those before it, so that they are counted from the day before.
    begin, end = hour.spans[0].begin - _DAY, hour.spans[-1].end
    bounds = bounds_between(interval, own, begin, end, bounds_of(schedule, airflow))
    runs = _moments(interval, own, begin, end, bounds)
    return [run.astimezone(zone) for run in runs if any(span.begin <= run < span.end for span in hour.spans)]


@lru_cache(maxsize=256)
def _moments(interval: Interval, own: ZoneInfo, begin: datetime, end: datetime, bounds: Bounds) -> tuple[datetime, ...]:
    """The same runs for all schedules of an interval."""
    return tuple(_runs(interval, own, begin, end, bounds))


def _sorted_out(schedules: Iterable[Schedule]) -> tuple[list[Schedule], list[Schedule]]:
    """The schedules that the clock starts, and those that wait."""
    on_the_clock: list[Schedule] = []
    waiting: list[Schedule] = []
    for schedule in schedules:
        with suppress(InvalidError):
            (on_the_clock if schedule.clock.cron else waiting).append(schedule)
    return on_the_clock, waiting


def _counts_of(schedule: Schedule, airflow: str, first: date, zone: ZoneInfo) -> _Counts:
    interval, own = schedule.clock, ZoneInfo(schedule.timezone)
    bounds = bounds_between(interval, own, *_ends_of(first, zone), bounds_of(schedule, airflow))
    return _counts(interval, own, bounds, first, zone)


@lru_cache(maxsize=2048)
def _counts(interval: Interval, own: ZoneInfo, bounds: Bounds, first: date, zone: ZoneInfo) -> _Counts:
    """How many runs start in which hours: for all schedules of that interval at once."""
    readings = (run.astimezone(zone) for run in _runs(interval, own, *_ends_of(first, zone), bounds))
    counts = Counter(_position(reading, first) for reading in readings)
    return tuple((position, number) for position, number in counts.items() if position is not None)


def _position(reading: datetime, first: date) -> int | None:
    """Which hour of the week a reading of the wall clock is, counted from 0; none where it is in another week."""
    position = (reading.date() - first) // _DAY * _HOURS + reading.hour
    return position if 0 <= position < _WEEK // _HOUR else None


def _runs(interval: Interval, own: ZoneInfo, begin: datetime, end: datetime, bounds: Bounds) -> Iterator[datetime]:
    """The runs from one moment to before another, in UTC."""
    runs = next_runs(interval, own, begin - _MOMENT, bounds)
    return takewhile(lambda run: run < end, (run.astimezone(timezone.utc) for run in runs))


@lru_cache(maxsize=64)
def _ends_of(first: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the week begins, and when it is over, in UTC."""
    spans = list(chain.from_iterable(_spans_of(first, zone).values()))
    return min(span.begin for span in spans), max(span.end for span in spans)


@lru_cache(maxsize=64)
def _spans_of(first: date, zone: ZoneInfo) -> Mapping[int, tuple[Span, ...]]:
    """When the wall clock shows each hour of the week that it shows."""
    spans: dict[int, tuple[Span, ...]] = {}
    begin = datetime.combine(first, time(), timezone.utc) - _MARGIN
    for span in _spans(zone, begin, begin + _WEEK + 2 * _MARGIN):
        position = _position(span.begin.astimezone(zone), first)
        if position is not None:
            spans[position] = (*spans.get(position, ()), span)
    return spans


def _spans(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Span]:
    """The time from one moment to another in pieces, in each of which the wall clock shows one hour."""
    while begin < end:
        reading = begin.astimezone(zone)
        passed = timedelta(minutes=reading.minute, seconds=reading.second, microseconds=reading.microsecond)
        until = _change_between(zone, begin, begin + _HOUR - passed) or begin + _HOUR - passed
        yield Span(begin, until)
        begin = until


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Change]:
    """The changes of a clock from one moment to before another."""
    for change in dst_changes(zone, begin - _SECOND, end - _SECOND):
        after = change.moment.replace(tzinfo=None)
        yield Change(zone.key, after - change.by, after)


def _change_between(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime | None:
    """The moment after one and before another from which the clock has another offset: zoneinfo can only be asked."""

    def offset(moment: datetime) -> timedelta | None:
        return moment.astimezone(zone).utcoffset()

    if offset(begin) == offset(end - _MOMENT):
        return None
    seconds = range(1, int((end - begin) / _SECOND) + 1)
    changed = bisect_left(seconds, 1, key=lambda number: int(offset(begin + number * _SECOND) != offset(begin)))
    return begin + seconds[changed] * _SECOND
