"""The runs of a timetable in Airflow: the next runs, and the runs for catchup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from itertools import count, dropwhile, takewhile
from zoneinfo import ZoneInfo

from codegen.timetable.dst import DAY, dst_changes, midnights_of
from codegen.timetable.ticks import NEAR_A_CHANGE, NoMoreTicksError, Ticks

_INSTANT = timedelta(microseconds=1)
# DST changes are checked until this date, or for this time after the start date, whichever is later.
_LAST, _SPAN = datetime(2027, 12, 31, tzinfo=timezone.utc), timedelta(days=730)
# A run's logical date and start time.
_Run = tuple[datetime, datetime]


@dataclass(frozen=True)
class Backlog:
    """The catchup runs: their number, and the first and last in the schedule's timezone."""

    count: int
    first: datetime
    last: datetime

    def __str__(self) -> str:
        """Return text such as `3 runs, from Mon 2026-11-23 06:00 CET to Wed 2026-11-25 06:00 CET`."""
        first, last = (f"{run:%a %Y-%m-%d %H:%M %Z}" for run in (self.first, self.last))
        return f"1 run, of {first}" if self.count == 1 else f"{self.count:,} runs, from {first} to {last}"


@dataclass(frozen=True)
class Timetable:
    """The times at which Airflow starts the runs of a schedule. Equal timetables have the same runs.

    Attributes:
        cron: five fields; None for no scheduled runs.
        start: the start date in UTC, inclusive.
        end: the end date in UTC, inclusive.
        has_data_intervals: whether a run starts at the end of its data interval. If so, the first run starts one
            interval after the start date, and the last run one interval after the end date.
        skips: how many ticks Airflow skips if the next data interval is not later, as can happen after a DST change.
            If more are needed, Airflow stalls. None for no limit: without catchup, time moves on.
        is_strict: whether the previous tick is always earlier, see `Ticks`.
    """

    cron: str | None
    zone: ZoneInfo
    start: datetime
    end: datetime | None = None
    has_data_intervals: bool = False
    skips: int | None = None
    is_strict: bool = False

    @cached_property
    def ticks(self) -> Ticks:
        """The ticks of the cron; there must be a cron."""
        return Ticks(self.cron or "", self.zone, is_strict=self.is_strict)

    def next_runs(self, after: datetime) -> Iterator[datetime]:
        """Yield the start times of runs after a time in UTC, in the timetable's zone; endless without an end date."""
        runs = dropwhile(lambda run: run[1] <= after, self._runs(after))
        yield from (start.astimezone(self.zone) for _, start in runs)

    def next_dates(self, after: datetime) -> Iterator[datetime]:
        """Yield the logical dates after a time in UTC: the start of the data interval, or of the run."""
        runs = dropwhile(lambda run: run[0] <= after, self._runs(after))
        yield from (logical_date.astimezone(self.zone) for logical_date, _ in runs)

    def between(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the start times of runs from `begin` to before `end`, in UTC."""
        runs = (run.astimezone(timezone.utc) for run in self.next_runs(begin - _INSTANT))
        return takewhile(lambda run: run < end, runs)

    def cut_to(self, begin: datetime, end: datetime) -> Timetable:
        """Return a timetable with the same runs from `begin` to before `end`, without dates outside of this period.

        So schedules that differ only in such dates share a timetable.
        """
        cut = self
        if self.cron and not self._can_stall:
            with suppress(NoMoreTicksError):
                reached = self.ticks.settled(begin)
                if self.start <= reached:
                    cut = replace(self, start=reached - DAY)
        return replace(cut, end=None) if cut.end and cut.end >= end else cut

    def stall(self) -> datetime | None:
        """Return the last run before Airflow stalls at a DST change until 2027, or within two years of the start date.

        With catchup, this happens for crons that fire every hour: after the change, the next data interval equals the
        previous one (up to 3.2) or raises an error (3.3). See `next_dagrun_info` in airflow/timetables/interval.py.
        """
        if not self._can_stall:
            return None
        with suppress(NoMoreTicksError):
            return self._stall_until(max(_LAST, self.start + _SPAN))
        return None

    def backlog(self, now: datetime) -> Backlog | None:
        """Return the runs that are due at a time in UTC if there has been no run yet."""
        if self.cron is None:
            return None
        ticks, end = self.ticks, self.end
        try:
            first = ticks.on_or_after(self.start)
            if self.has_data_intervals:
                first = ticks.next(first)
                end = ticks.next(ticks.last_until(end)) if end else None
            last = ticks.last_until(min(now, end) if end else now)
        except NoMoreTicksError:
            return None
        if first > last:
            return None
        return Backlog(self._count(first, last), first.astimezone(self.zone), last.astimezone(self.zone))

    @property
    def _can_stall(self) -> bool:
        return bool(self.cron) and self.has_data_intervals and self.skips is not None and self.ticks.counts_hours

    def _stall_until(self, last: datetime) -> datetime | None:
        """Return the stall until a time; at each DST change, step through the runs to see whether they continue."""
        first, endless = self.ticks.on_or_after(self.start), replace(self, end=None)
        for change in dst_changes(self.zone, self.start - DAY, last):
            at = change.time.astimezone(timezone.utc)
            steps = endless._with_intervals(first, max(first, self.ticks.settled(at)))  # noqa: SLF001
            start = end = first
            # The effect of the change ends with a settled tick.
            while start <= max(first, at + NEAR_A_CHANGE) or self.ticks.settled(end) <= at:
                following = next(steps, None)
                if following is None:
                    return end.astimezone(self.zone)
                start, end = following
        return None

    def _runs(self, after: datetime) -> Iterator[_Run]:
        """Yield the runs, from a few before a time."""
        if self.cron is None:
            return
        with suppress(NoMoreTicksError):
            first = begin = self.ticks.on_or_after(self.start)
            if after > first:
                begin = max(first, self.ticks.settled(after))
            if begin > first and self._can_stall and self._stall_until(begin):
                return
            yield from self._with_intervals(first, begin) if self.has_data_intervals else self._without_intervals(begin)

    def _without_intervals(self, run: datetime) -> Iterator[_Run]:
        """Yield runs like `CronTriggerTimetable` in airflow/timetables/trigger.py."""
        while self.end is None or run <= self.end:
            yield run, run
            run = self.ticks.next(run)

    def _with_intervals(self, first: datetime, start: datetime) -> Iterator[_Run]:
        """Yield runs like `CronDataIntervalTimetable` (airflow/timetables/interval.py); 3.3 and later skip ticks."""
        while self.end is None or start <= self.end:
            end = self.ticks.next(start)
            yield start, end
            following = max(self.ticks.on_or_before(end), first)
            for skipped in count():
                if following > start:
                    break
                if skipped == self.skips:
                    return
                following = self.ticks.next(following)
            start = following

    def _count(self, first: datetime, last: datetime) -> int:
        """Return the number of runs from `first` to `last`.

        Whole days are counted by arithmetic. On the first and the last day, and on days of a DST change, where a tick
        may not start a run, runs are counted one by one.
        """
        first_day, last_day = (each.astimezone(self.zone).date() for each in (first, last))
        total = 0
        for day in self.ticks.days(first_day, last_day):
            midnight, next_midnight = midnights_of(day, self.zone)
            hours = (next_midnight - midnight) / timedelta(hours=1)
            number = self.ticks.count_in(hours) if first_day < day < last_day else None
            if number is None:
                number = sum(first <= run <= last for run in self.between(midnight, next_midnight))
            total += number
        return total
