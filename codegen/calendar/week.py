"""A week of all schedules: the runs that start in each hour, with their schedules."""

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
# When a timezone crosses the date line, a day can occur twice, so an hour of the week can be this far outside of it.
_MARGIN = timedelta(days=2)
# An ambiguous hour, including its repetition, ends within this time.
_NEAR = timedelta(hours=6)
_FIRST_YEAR, _LAST_YEAR = 1971, 2999


@dataclass(frozen=True)
class Span:
    """A period in which local time is within one hour: from `begin` to before `end`, in UTC."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Hour:
    """An hour of a day in local time.

    Attributes:
        number: from 0 to 23.
        spans: the periods of the hour: none if DST skips it; several, or a longer one, if the clock is set back.
        starts: the schedules with runs that start in this hour, and the number of these runs.
    """

    day: date
    number: int
    spans: tuple[Span, ...]
    starts: tuple[tuple[Schedule, int], ...]

    @cached_property
    def runs(self) -> int:
        """The number of runs that start."""
        return sum(number for _, number in self.starts)

    @cached_property
    def minutes(self) -> int:
        """The length of the hour in minutes: 60, unless there is a DST change."""
        return round(sum(((span.end - span.begin) for span in self.spans), timedelta()) / timedelta(minutes=1))

    @property
    def key(self) -> str:
        """The hour in URLs: `2026-03-29T02`."""
        return f"{self.day}T{self.number:02}"

    @property
    def words(self) -> str:
        """The hour in messages: `Sun 2026-03-29 02:00`."""
        return f"{self.day:%a %Y-%m-%d} {self.number:02}:00"

    @property
    def is_double(self) -> bool:
        """Whether the hour, or a part of it, occurs twice."""
        return self.minutes > _MINUTES

    @property
    def note(self) -> str:
        """The effect of a DST change on the hour, if any."""
        if self.minutes == _MINUTES:
            return ""
        if not self.minutes:
            return "does not exist"
        if self.minutes == 2 * _MINUTES:
            return "occurs twice"
        twice = f": {self.minutes - _MINUTES} of them occur twice" if self.is_double else ""
        return f"has {self.minutes} minutes{twice}"


@dataclass(frozen=True)
class Calendar:
    """A week.

    Attributes:
        zone: the timezone of the hours.
        days: seven days of 24 hours each.
        schedules: the schedules with a cron, even without runs in this week.
        waiting: the schedules without a cron: manual, after other schedules, or with a custom timetable.
        changes: the DST changes in this timezone and in the timezones of the schedules.
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
        """All hours, in order."""
        return chain.from_iterable(self.days)

    @cached_property
    def runs(self) -> int:
        """The number of runs that start in the week."""
        return sum(hour.runs for hour in self.hours)

    @cached_property
    def sentences(self) -> Sequence[str]:
        """Sentences about the week: its number of runs, DST changes, paused schedules and schedules without a cron."""
        return self.sentences_about("schedule")

    def sentences_about(self, noun: str) -> Sequence[str]:
        """Return the sentences with another noun for a schedule."""
        most = max(self.hours, key=lambda hour: hour.runs)
        peak = f", at most {most.runs:,} in an hour ({most.words})" if most.runs else ""
        sentences = [f"{_count(self.runs, 'run')} of {_count(len(self.running), noun)}{peak}."]
        sentences += [_change_in_words(change, has_effect=change.zone == self.zone.key) for change in self.changes]
        if paused := sum(schedule.is_paused_upon_creation is True for schedule in self.running):
            verb, their = ("starts", "its") if paused == 1 else ("start", "their")
            sentences.append(f"{_count(paused, noun)} {verb} paused; {their} runs are shown anyway.")
        if self.waiting:
            unknown = [schedule for schedule in self.waiting if schedule.clock.timetable]
            waiting = len(self.waiting) - len(unknown)
            if waiting:
                verb = "runs" if waiting == 1 else "run"
                sentences.append(f"{_count(waiting, f'more {noun}')} {verb} manually or after another {noun}.")
            if unknown:
                verb = "uses" if len(unknown) == 1 else "use"
                text = f"{_count(len(unknown), f'more {noun}')} {verb} a timetable that only Airflow can evaluate."
                sentences.append(text)
        return sentences

    @cached_property
    def running(self) -> Sequence[Schedule]:
        """The schedules with runs that start in the week."""
        running = {id(schedule) for hour in self.hours for schedule, _ in hour.starts}
        return [schedule for schedule in self.schedules if id(schedule) in running]

    def hour(self, key: str) -> Hour | None:
        """Return the hour with this key, or None."""
        return next((hour for hour in self.hours if hour.key == key), None)


def _change_in_words(change: DstChange, *, has_effect: bool) -> str:
    after = change.time.replace(tzinfo=None)
    before = after - change.by
    form = "%H:%M" if before.date() == after.date() else "%a %Y-%m-%d %H:%M"
    is_forward = change.by > timedelta()
    effect = "does not exist" if is_forward else "occurs twice and has the runs of both"
    return (
        f"On {before:%a %Y-%m-%d} at {before:%H:%M}, clocks in {change.zone} are set "
        f"{'forward' if is_forward else 'back'} to {after.strftime(form)}"
        f"{f': the time between {effect}' if has_effect else ''}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def monday_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of the week that contains a time, in a timezone."""
    today = at.astimezone(zone).date()
    return today - today.weekday() * _DAY


def parse_week(text: str) -> date:
    """Return the first day of a week, given as an ISO week such as `2026-W48` or as a date.

    Raises:
        InvalidError: it is neither.
    """
    try:
        week = _ISO_WEEK.fullmatch(text)
        day = date.fromisocalendar(int(week[1]), int(week[2]), 1) if week else _date(text)
    except ValueError as error:
        raise InvalidError(f"{quoted(text)} is not a week", "write 2026-W48, or its first day: 2026-11-23") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidError(f"{quoted(text)} is out of range", f"from {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _date(text: str) -> date:
    """Parse a date such as `2026-11-23`; `fromisoformat` accepts other forms on newer Pythons."""
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def calendar_of(schedules: Iterable[Schedule], airflow: str, first: date, zone: ZoneInfo) -> Calendar:
    """Return the week of these schedules.

    Schedules with an invalid interval are left out: their errors are reported elsewhere. Schedules that start paused
    are included: only Airflow knows whether they are still paused.

    Args:
        schedules: the schedules of one environment.
        airflow: the target version, one of `VERSIONS`; start times depend on it.
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


def hour_at(at: datetime, zone: ZoneInfo) -> Hour:
    """Return the local hour that contains a time, without its runs."""
    day, number = _day_and_hour(at.astimezone(zone))
    around = _spans(zone, at - _NEAR, at + _NEAR)
    spans = tuple(span for span in around if _day_and_hour(span.begin.astimezone(zone)) == (day, number))
    return Hour(day, number, spans, ())


def _day_and_hour(reading: datetime) -> tuple[date, int]:
    return reading.date(), reading.hour


def runs_in(hour: Hour, schedule: Schedule, airflow: str, zone: ZoneInfo) -> list[datetime]:
    """Return the start times of a schedule's runs in an hour, in the timezone of the calendar."""
    if not hour.spans:
        return []
    # Near a DST change, a run depends on earlier runs, so they are computed from the day before.
    begin, end = hour.spans[0].begin - _DAY, hour.spans[-1].end
    runs = _runs(schedule.timetable(airflow).cut_to(begin, end), begin, end)
    return [run.astimezone(zone) for run in runs if any(span.begin <= run < span.end for span in hour.spans)]


@lru_cache(maxsize=256)
def _runs(timetable: Timetable, begin: datetime, end: datetime) -> tuple[datetime, ...]:
    return tuple(timetable.between(begin, end))


@lru_cache(maxsize=2048)
def _counts(timetable: Timetable, first: date, zone: ZoneInfo) -> Mapping[int, int]:
    """Return the number of runs that start in each hour of the week, numbered from 0."""
    runs = timetable.between(*_ends_of(first, zone))
    positions = (_position(run.astimezone(zone), first) for run in runs)
    return Counter(position for position in positions if position is not None)


def _position(reading: datetime, first: date) -> int | None:
    """Return the number of a local time's hour in the week, from 0; None outside of the week."""
    position = (reading.date() - first) // _DAY * _HOURS + reading.hour
    return position if 0 <= position < _WEEK // _HOUR else None


@lru_cache(maxsize=64)
def _ends_of(first: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the start and the end of the week, in UTC."""
    spans = list(chain.from_iterable(_spans_of(first, zone).values()))
    return min(span.begin for span in spans), max(span.end for span in spans)


@lru_cache(maxsize=64)
def _spans_of(first: date, zone: ZoneInfo) -> Mapping[int, tuple[Span, ...]]:
    """Return the periods of each hour of the week; hours that DST skips are missing."""
    spans: dict[int, tuple[Span, ...]] = {}
    begin = datetime.combine(first, time(), timezone.utc) - _MARGIN
    for span in _spans(zone, begin, begin + _WEEK + 2 * _MARGIN):
        position = _position(span.begin.astimezone(zone), first)
        if position is not None:
            spans[position] = (*spans.get(position, ()), span)
    return spans


def _spans(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Span]:
    """Split a period into pieces with a constant local hour."""
    changes = [change.time.astimezone(timezone.utc) for change in dst_changes(zone, begin, end)]
    while begin < end:
        reading = begin.astimezone(zone)
        next_hour = begin + _HOUR - timedelta(minutes=reading.minute, seconds=reading.second)
        until = next((change for change in changes if begin < change < next_hour), next_hour)
        yield Span(begin, until)
        begin = until
