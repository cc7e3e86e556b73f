"""A week of all schedules: how many runs start in each hour of each day, and of which schedules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property, lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

from codegen.diagnostics import InvalidError, quoted
from codegen.schema import Schedule
from codegen.timetable.dst import DstChange, dst_changes
from codegen.timetable.timetable import Timetable

_SECOND, _HOUR, _DAY, _WEEK = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_HOURS = 24
_MINUTES = 60
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_WEEK = re.compile(r"(\d{4})-?W(\d{2})", re.IGNORECASE)
# A timezone may show a day twice, where the date line moves: an hour of a week may lie so far outside of it.
_MARGIN = timedelta(days=2)
_FIRST_YEAR, _LAST_YEAR = 1971, 2999


@dataclass(frozen=True)
class Span:
    """Time in which a wall clock shows one hour: from `begin` to before `end`, in UTC."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Hour:
    """An hour of a day, as the wall clock shows it.

    Attributes:
        number: from 0 to 23.
        spans: when the clock shows it: never in a gap, and twice, or for longer, where it is set back.
        starts: the schedules of which runs start then, each with their number.
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
        """How long the clock shows the hour: 60 minutes, unless there is a DST change."""
        return round(sum(((span.end - span.begin) for span in self.spans), timedelta()) / timedelta(minutes=1))

    @property
    def key(self) -> str:
        """The hour in addresses: `2026-03-29T02`."""
        return f"{self.day}T{self.number:02}"

    @property
    def words(self) -> str:
        """The hour for people: `Sun 2026-03-29 02:00`."""
        return f"{self.day:%a %Y-%m-%d} {self.number:02}:00"

    @property
    def is_double(self) -> bool:
        """Whether the clock shows it, or a part of it, twice."""
        return self.minutes > _MINUTES

    @property
    def note(self) -> str:
        """The effect of a DST change on the hour, if any."""
        if self.minutes == _MINUTES:
            return ""
        if not self.minutes:
            return "does not exist"
        if self.minutes == 2 * _MINUTES:
            return "comes twice"
        twice = f": {self.minutes - _MINUTES} of them come twice" if self.is_double else ""
        return f"has {self.minutes} minutes{twice}"


@dataclass(frozen=True)
class Calendar:
    """A week.

    Attributes:
        zone: the timezone whose wall clock has the hours.
        days: seven, of 24 hours each.
        schedules: those with a cron, whether or not they run in this week.
        waiting: those without: manual runs only, other schedules or a timetable that only Airflow knows.
        changes: the DST changes of that timezone and of the schedules' own.
    """

    zone: ZoneInfo
    days: tuple[tuple[Hour, ...], ...]
    schedules: tuple[Schedule, ...]
    waiting: tuple[Schedule, ...]
    changes: tuple[DstChange, ...]

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
        said += [_change_in_words(change, has_effect=change.zone == self.zone.key) for change in self.changes]
        if paused := sum(schedule.is_paused_upon_creation is True for schedule in self.running):
            verb = "begins" if paused == 1 else "begin"
            said.append(f"Of the schedules, {paused:,} {verb} paused; the calendar has their runs all the same.")
        if self.waiting:
            unknown = [schedule for schedule in self.waiting if schedule.clock.timetable]
            waiting = len(self.waiting) - len(unknown)
            if waiting:
                verb = "waits" if waiting == 1 else "wait"
                said.append(f"{_count(waiting, 'more schedule')} {verb} for a manual trigger or another schedule.")
            if unknown:
                verb = "runs" if len(unknown) == 1 else "run"
                said.append(f"{_count(len(unknown), 'more schedule')} {verb} on a timetable that only Airflow knows.")
        return said

    @cached_property
    def running(self) -> Sequence[Schedule]:
        """The schedules of which runs start in the week."""
        running = {id(schedule) for hour in self.hours for schedule, _ in hour.starts}
        return [schedule for schedule in self.schedules if id(schedule) in running]

    def hour(self, key: str) -> Hour | None:
        """The hour of that key, if the week has it."""
        return next((hour for hour in self.hours if hour.key == key), None)


def _change_in_words(change: DstChange, *, has_effect: bool) -> str:
    after = change.time.replace(tzinfo=None)
    before = after - change.by
    form = "%H:%M" if before.date() == after.date() else "%a %Y-%m-%d %H:%M"
    is_forward = change.by > timedelta()
    effect = "does not exist" if is_forward else "comes twice, and has the runs of both times"
    return (
        f"On {before:%a %Y-%m-%d} at {before:%H:%M} the clock of {change.zone} is set "
        f"{'forward' if is_forward else 'back'} to {after.strftime(form)}"
        f"{f': the time between {effect}' if has_effect else ''}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def monday_of(at: datetime, zone: ZoneInfo) -> date:
    """The Monday of the week of a time, in a timezone."""
    today = at.astimezone(zone).date()
    return today - today.weekday() * _DAY


def parse_week(text: str) -> date:
    """The first day of a week: the Monday of an ISO week such as `2026-W48`, or a date.

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
    """A date in one form: `fromisoformat` accepts more of them on newer Pythons."""
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def calendar_of(schedules: Iterable[Schedule], airflow: str, first: date, zone: ZoneInfo) -> Calendar:
    """The week of these schedules, which begins on that day in that timezone.

    A schedule whose interval has an error is left out: its reader has reported it. One that begins paused counts like
    the others: only Airflow knows whether it still is paused.

    Args:
        schedules: those of one environment.
        airflow: the version, one of `VERSIONS`: when runs start depends on it.
        first: the first day.
        zone: the timezone of the days and hours.
    """
    scheduled: list[Schedule] = []
    waiting: list[Schedule] = []
    for schedule in schedules:
        with suppress(InvalidError):
            (scheduled if schedule.clock.cron else waiting).append(schedule)
    spans = _spans_of(first, zone)
    begin, end = _ends_of(first, zone)
    starts: list[list[tuple[Schedule, int]]] = [[] for _ in range(_WEEK // _HOUR)]
    for schedule in scheduled:
        for position, number in _counts(schedule.timetable(airflow).cut_to(begin, end), first, zone).items():
            starts[position].append((schedule, number))
    hours = [
        Hour(first + position // _HOURS * _DAY, position % _HOURS, spans.get(position, ()), tuple(those))
        for position, those in enumerate(starts)
    ]
    days = tuple(tuple(hours[number : number + _HOURS]) for number in range(0, len(hours), _HOURS))
    zones = dict.fromkeys([zone.key, *(schedule.timezone for schedule in scheduled)])
    changes = chain.from_iterable(dst_changes(ZoneInfo(name), begin - _SECOND, end - _SECOND) for name in zones)
    return Calendar(zone, days, tuple(scheduled), tuple(waiting), tuple(changes))


def hour_at(time: datetime, zone: ZoneInfo) -> Hour:
    """The hour of a timezone's wall clock in which a time is, without what starts in it."""
    reading = time.astimezone(zone)
    spans = _spans_of(reading.date(), zone).get(reading.hour, ())
    return Hour(reading.date(), reading.hour, spans, ())


def runs_in(hour: Hour, schedule: Schedule, airflow: str, zone: ZoneInfo) -> list[datetime]:
    """The times in an hour at which runs of a schedule start, in the timezone of the calendar."""
    if not hour.spans:
        return []
    # At a DST change a run follows from those before it, so they are enumerated from the day before.
    begin, end = hour.spans[0].begin - _DAY, hour.spans[-1].end
    runs = _runs(schedule.timetable(airflow).cut_to(begin, end), begin, end)
    return [run.astimezone(zone) for run in runs if any(span.begin <= run < span.end for span in hour.spans)]


@lru_cache(maxsize=256)
def _runs(timetable: Timetable, begin: datetime, end: datetime) -> tuple[datetime, ...]:
    return tuple(timetable.between(begin, end))


@lru_cache(maxsize=2048)
def _counts(timetable: Timetable, first: date, zone: ZoneInfo) -> Mapping[int, int]:
    """How many runs start in each hour of the week, counted from 0."""
    runs = timetable.between(*_ends_of(first, zone))
    positions = (_position(run.astimezone(zone), first) for run in runs)
    return Counter(position for position in positions if position is not None)


def _position(reading: datetime, first: date) -> int | None:
    """Which hour of the week a reading of the wall clock is, counted from 0; None outside of the week."""
    position = (reading.date() - first) // _DAY * _HOURS + reading.hour
    return position if 0 <= position < _WEEK // _HOUR else None


@lru_cache(maxsize=64)
def _ends_of(first: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the week begins and ends, in UTC."""
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
    """A time cut into pieces, in each of which the wall clock shows one hour."""
    changes = [change.time.astimezone(timezone.utc) for change in dst_changes(zone, begin, end)]
    while begin < end:
        reading = begin.astimezone(zone)
        next_hour = begin + _HOUR - timedelta(minutes=reading.minute, seconds=reading.second)
        until = next((change for change in changes if begin < change < next_hour), next_hour)
        yield Span(begin, until)
        begin = until
