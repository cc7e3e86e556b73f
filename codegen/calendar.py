"""A week of the whole fleet: how many runs start in each hour of each day, and of which schedules."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property, lru_cache
from itertools import chain, takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.diagnostics import InvalidError, quoted
from codegen.runs import bounds_between, bounds_of, next_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from codegen.interval import Interval
    from codegen.runs import Bounds
    from codegen.schema import Schedule

    Counts = tuple[tuple[tuple[date, int], int], ...]

_SECOND, _HOUR, _DAY, _WEEK = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_MINUTES = 60
_MOMENT = timedelta(microseconds=1)
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
    def note(self) -> str:
        """What a change of the clock does to the hour; empty where it does nothing."""
        if self.minutes == _MINUTES:
            return ""
        if not self.minutes:
            return "does not exist"
        if self.minutes == 2 * _MINUTES:
            return "comes twice"
        more = self.minutes - _MINUTES
        return f"has {self.minutes} minutes" + (f", of which {more} come twice" if more > 0 else "")


@dataclass(frozen=True)
class Change:
    """A change of a clock: what it shows at that moment before the change and after it."""

    zone: str
    before: datetime
    after: datetime

    @property
    def words(self) -> str:
        """Such as `the clock of Europe/Berlin goes from 02:00 on to 03:00 on Sun 2026-03-29`."""
        way = "on" if self.after > self.before else "back"
        day = f"{self.before:%a %Y-%m-%d}"
        if self.before.date() == self.after.date():
            return f"The clock of {self.zone} goes from {self.before:%H:%M} {way} to {self.after:%H:%M} on {day}."
        return (
            f"The clock of {self.zone} goes from {self.before:%H:%M} on {day} {way} to {self.after:%a %Y-%m-%d %H:%M}."
        )


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

    def hour(self, key: str) -> Hour | None:
        """The hour of that key, if the week has it."""
        return next((hour for hour in self.hours if hour.key == key), None)


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
        day = date.fromisocalendar(int(week[1]), int(week[2]), 1) if week else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidError(f"{quoted(text)} is no week", "write 2026-W48, or its first day: 2026-11-23") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidError(f"{quoted(text)} is too far away", f"from {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


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
    starts: dict[tuple[date, int], list[tuple[Schedule, int]]] = defaultdict(list)
    for schedule in on_the_clock:
        for hour, number in _counts_of(schedule, airflow, first, zone):
            starts[hour].append((schedule, number))
    spans = _spans_of(first, zone)
    days = tuple(
        tuple(Hour(*hour, spans.get(hour, ()), tuple(starts.get(hour, ()))) for hour in _hours_of(day))
        for day in _days_from(first)
    )
    zones = dict.fromkeys([zone.key, *(schedule.timezone for schedule in on_the_clock)])
    changes = chain.from_iterable(_changes(ZoneInfo(name), *_ends_of(first, zone)) for name in zones)
    return Calendar(zone, days, tuple(on_the_clock), tuple(waiting), tuple(changes))


def moments_of(schedule: Schedule, airflow: str, hour: Hour, zone: ZoneInfo) -> list[datetime]:
    """The moments at which runs of a schedule start in an hour, in the timezone of the calendar."""
    own, bounds = ZoneInfo(schedule.timezone), bounds_of(schedule, airflow)
    runs = chain.from_iterable(_runs(schedule.clock, own, span.begin, span.end, bounds) for span in hour.spans)
    return [run.astimezone(zone) for run in runs]


def _sorted_out(schedules: Iterable[Schedule]) -> tuple[list[Schedule], list[Schedule]]:
    """The schedules that the clock starts, and those that wait."""
    on_the_clock: list[Schedule] = []
    waiting: list[Schedule] = []
    for schedule in schedules:
        with suppress(InvalidError):
            (on_the_clock if schedule.clock.cron else waiting).append(schedule)
    return on_the_clock, waiting


def _counts_of(schedule: Schedule, airflow: str, first: date, zone: ZoneInfo) -> Counts:
    interval, own = schedule.clock, ZoneInfo(schedule.timezone)
    bounds = bounds_between(interval, own, *_ends_of(first, zone), bounds_of(schedule, airflow))
    return _counts(interval, own, bounds, first, zone)


@lru_cache(maxsize=2048)
def _counts(interval: Interval, own: ZoneInfo, bounds: Bounds, first: date, zone: ZoneInfo) -> Counts:
    """How many runs start in which hours: for all schedules of that interval at once."""
    readings = (run.astimezone(zone) for run in _runs(interval, own, *_ends_of(first, zone), bounds))
    counts = Counter((reading.date(), reading.hour) for reading in readings)
    return tuple((hour, number) for hour, number in counts.items() if first <= hour[0] < first + _WEEK)


def _runs(interval: Interval, own: ZoneInfo, begin: datetime, end: datetime, bounds: Bounds) -> Iterator[datetime]:
    """The runs from one moment to before another, in UTC."""
    runs = next_runs(interval, own, begin - _MOMENT, bounds)
    return takewhile(lambda run: run < end, (run.astimezone(timezone.utc) for run in runs))


def _days_from(first: date) -> Iterator[date]:
    return (first + number * _DAY for number in range(_WEEK // _DAY))


def _hours_of(day: date) -> Iterator[tuple[date, int]]:
    return ((day, number) for number in range(_DAY // _HOUR))


def _ends_of(first: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the week begins, and when it is over, in UTC."""
    spans = list(chain.from_iterable(_spans_of(first, zone).values()))
    return min(span.begin for span in spans), max(span.end for span in spans)


@lru_cache(maxsize=64)
def _spans_of(first: date, zone: ZoneInfo) -> Mapping[tuple[date, int], tuple[Span, ...]]:
    """When the wall clock shows each hour of the week."""
    spans: dict[tuple[date, int], tuple[Span, ...]] = {}
    begin = datetime.combine(first, time(), timezone.utc) - _MARGIN
    for span in _spans(zone, begin, begin + _WEEK + 2 * _MARGIN):
        reading = span.begin.astimezone(zone)
        if first <= reading.date() < first + _WEEK:
            hour = reading.date(), reading.hour
            spans[hour] = (*spans.get(hour, ()), span)
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
    begin -= _SECOND
    while begin < end:
        moment = _change_between(zone, begin, min(begin + _DAY, end))
        if moment:
            after = moment.astimezone(zone)
            offset = (moment - _MOMENT).astimezone(zone).utcoffset() or timedelta()
            yield Change(zone.key, moment.replace(tzinfo=None) + offset, after.replace(tzinfo=None))
        begin = moment or begin + _DAY


def _change_between(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime | None:
    """The moment after one and before another from which the clock has another offset: zoneinfo can only be asked."""

    def offset(moment: datetime) -> timedelta | None:
        return moment.astimezone(zone).utcoffset()

    if offset(begin) == offset(end - _MOMENT):
        return None
    seconds = range(1, int((end - begin) / _SECOND) + 1)
    changed = bisect_left(seconds, 1, key=lambda number: int(offset(begin + number * _SECOND) != offset(begin)))
    return begin + seconds[changed] * _SECOND
