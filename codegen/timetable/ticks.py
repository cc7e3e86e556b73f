"""The times at which a cron fires in a timezone, across DST changes as in Airflow."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from codegen.timetable.dst import localized
from codegen.timetable.expansion import expand

_HOURS_OF_A_DAY = 24
_MINUTES_OF_AN_HOUR = 60
_INSTANT = timedelta(microseconds=1)
# How far from a DST change a tick can be affected by it.
NEAR_A_CHANGE = timedelta(hours=3)


class NoMoreTicksError(Exception):
    """There are no more ticks in this direction within the years that `datetime` supports."""


class Ticks:
    """The times at which a cron fires, all in UTC.

    Follows `CronMixin` in airflow/timetables/_cron.py: ticks are local times, but a cron that fires in every hour
    counts elapsed hours, so its ticks depend on the time before them.

    `is_strict` is for Airflow 3.4 and later, where the previous tick is always earlier. Before 3.4, the previous tick
    of an ambiguous or nonexistent local time can be the same time or later.
    """

    def __init__(self, cron: str, zone: ZoneInfo, *, is_strict: bool = False) -> None:
        self._zone = zone
        self._is_strict = is_strict
        (minutes, hours, *days), *_ = expand(cron)
        self._of_a_day = _ticks_of_a_day(tuple(minutes), tuple(hours))
        self._per_hour = _MINUTES_OF_AN_HOUR if minutes == ["*"] else len(minutes)
        self._hours = None if hours == ["*"] else len(hours)
        self._is_daily = all(values == ["*"] for values in days)
        self._day_fields = " ".join(cron.split()[2:])

    @property
    def counts_hours(self) -> bool:
        """Whether the cron counts elapsed hours, so a DST change shifts its ticks in local time."""
        return self._hours is None

    def next(self, at: datetime) -> datetime:
        """Return the first tick after a time.

        Raises:
            NoMoreTicksError: there are no more ticks.
        """
        tick = self._after(self._naive(at))
        return self._elapsed(at, tick) if self.counts_hours else self._on_the_wall(tick)

    def previous(self, at: datetime) -> datetime:
        """Return the last tick before a time.

        Raises:
            NoMoreTicksError: there are no earlier ticks.
        """
        return self._previous(at, is_strict=self._is_strict)

    def _previous(self, at: datetime, *, is_strict: bool) -> datetime:
        tick = self._before(self._naive(at))
        if self.counts_hours:
            return self._elapsed(at, tick)
        before = self._on_the_wall(tick)
        while is_strict and before >= at:
            tick = self._before(tick)
            before = self._on_the_wall(tick)
        return before

    def on_or_after(self, at: datetime) -> datetime:
        """Return the time itself if it is a tick, else the next tick; computed like Airflow."""
        following = self.next(at)
        return at if self.previous(following) == at else following

    def on_or_before(self, at: datetime) -> datetime:
        """Return the time itself if it is a tick, else the previous tick; computed like Airflow."""
        before = self.previous(at)
        return at if self.next(before) == at else before

    def last_until(self, until: datetime) -> datetime:
        """Return the last tick up to and including a time."""
        last = self.on_or_before(until)
        while last > until:
            # In an ambiguous or nonexistent hour, the tick of the later hour is returned first.
            last = self._previous(last, is_strict=True)
        return last

    def settled(self, at: datetime) -> datetime:
        """Return the last tick before a time that no DST change affects, so it does not depend on earlier ticks.

        Raises:
            NoMoreTicksError: there is no such tick.
        """
        tick = self._before(self._naive(at))
        while not self._is_settled(tick):
            tick = self._before(tick)
        return self._on_the_wall(tick)

    def _is_settled(self, tick: datetime) -> bool:
        if self.counts_hours and not self._is_daily and tick - _midnight(tick.date()) < NEAR_A_CHANGE:
            # It depends on the last tick of an earlier day, with DST changes in between.
            return False
        at = self._on_the_wall(tick)
        before, after = ((at + span).astimezone(self._zone).utcoffset() for span in (-NEAR_A_CHANGE, NEAR_A_CHANGE))
        return before == after

    def fires_between(self, begin: timedelta, end: timedelta) -> bool:
        """Return whether the cron fires at a time of day from `begin` to before `end`."""
        return bisect_left(self._of_a_day, begin) < bisect_left(self._of_a_day, end)

    def days(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from the first to the last on which the cron fires."""
        with suppress(NoMoreTicksError):
            while (first := self._first_day(first)) <= last:
                yield first
                first = _days_later(first, 1)

    def count_in(self, hours: float) -> int | None:
        """Return the number of ticks in a day of this length; None if it depends on the day."""
        if self._hours is None:
            return int(hours) * self._per_hour if hours == int(hours) else None
        return self._hours * self._per_hour if hours == _HOURS_OF_A_DAY else None

    def _naive(self, at: datetime) -> datetime:
        return at.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def _elapsed(self, at: datetime, tick: datetime) -> datetime:
        return at + (tick - self._naive(at))

    def _on_the_wall(self, tick: datetime) -> datetime:
        return localized(tick, self._zone).astimezone(timezone.utc)

    def _after(self, naive: datetime) -> datetime:
        """Return the first tick after a naive time, like croniter's `get_next`."""
        day = naive.date()
        position = bisect_right(self._of_a_day, naive - _midnight(day))
        if position == len(self._of_a_day) or self._first_day(day) > day:
            day, position = self._first_day(_days_later(day, 1)), 0
        return _midnight(day) + self._of_a_day[position]

    def _before(self, naive: datetime) -> datetime:
        """Return the last tick before a naive time, like croniter's `get_prev`."""
        day = naive.date()
        position = bisect_left(self._of_a_day, naive - _midnight(day))
        if position == 0 or self._last_day(day) < day:
            day, position = self._last_day(_days_later(day, -1)), 0
        return _midnight(day) + self._of_a_day[position - 1]

    def _first_day(self, day: date) -> date:
        return day if self._is_daily else _first_day(self._day_fields, day)

    def _last_day(self, day: date) -> date:
        return day if self._is_daily else _last_day(self._day_fields, day)


def is_same_cron(one: str, other: str) -> bool:
    """Return whether two crons or Airflow presets are equivalent, such as `@daily` and `0 0 * * *`."""
    try:
        return one == other or expand(one) == expand(other)
    except ValueError:  # all that croniter raises
        return False


@lru_cache(maxsize=256)
def _ticks_of_a_day(minutes: tuple[int | str, ...], hours: tuple[int | str, ...]) -> Sequence[timedelta]:
    """Return the times of day at which a cron fires, sorted; the fields are expanded."""
    of_minutes = range(_MINUTES_OF_AN_HOUR) if minutes == ("*",) else sorted(map(int, minutes))
    of_hours = range(_HOURS_OF_A_DAY) if hours == ("*",) else sorted(map(int, hours))
    return [timedelta(hours=hour, minutes=minute) for hour in of_hours for minute in of_minutes]


@lru_cache(maxsize=2**14)
def _first_day(fields: str, day: date) -> date:
    """Return the first day from `day` on that matches the last three fields of a cron."""
    return _day_of(fields, _midnight(day) - _INSTANT, "get_next")


@lru_cache(maxsize=2**14)
def _last_day(fields: str, day: date) -> date:
    """Return the last day up to `day` that matches the last three fields of a cron."""
    return _day_of(fields, _midnight(day) + _INSTANT, "get_prev")


def _day_of(fields: str, start: datetime, step: str) -> date:
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415  # as in `expand`

    try:
        found: datetime = getattr(croniter(f"0 0 {fields}", start_time=start), step)(datetime)
        return found.date()
    except (CroniterBadDateError, OverflowError) as error:
        raise NoMoreTicksError from error


def _days_later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise NoMoreTicksError from error


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
