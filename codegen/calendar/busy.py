"""Counts the runs that start in each minute of an hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property, partial
from zoneinfo import ZoneInfo

from codegen.calendar.week import Hour, hour_at
from codegen.diagnostics import InvalidError
from codegen.schema import Schedule
from codegen.timetable.dst import DAY, dst_changes
from codegen.timetable.expansion import expand

_MINUTES = 60
_ROUND_MINUTES = 5
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class BusyHour:
    """The runs that start in an hour of local time.

    Attributes:
        starts: the number of runs by minute.
    """

    hour: Hour
    starts: Mapping[int, int]

    @cached_property
    def runs(self) -> int:
        """The number of runs that start in the hour."""
        return sum(self.starts.values())

    def quietest(self, minute: int) -> int:
        """Return the minute with the fewest runs; preferably a multiple of five, then the next from `minute` on."""
        return min(
            range(_MINUTES),
            key=lambda each: (self.starts.get(each, 0), each % _ROUND_MINUTES > 0, (each - minute) % _MINUTES),
        )


def busy_hour(schedules: Iterable[Schedule], airflow: str, time: datetime, zone: ZoneInfo) -> BusyHour:
    """Return the runs that start in the hour of a time, by minute in a timezone."""
    hour = hour_at(time, zone)
    hours_in = cache(partial(_hours_in, hour))
    can_fire = cache(lambda cron, name: cron is not None and _can_fire(cron, hours_in(name)))
    alike: dict[tuple[object, ...], list[Schedule]] = {}
    for schedule in schedules:
        with suppress(InvalidError):
            clock = schedule.clock.cron, schedule.timezone
            if can_fire(*clock):
                key = (*clock, schedule.start_date, schedule.end_date, schedule.data_interval, schedule.catchup)
                alike.setdefault(key, []).append(schedule)
    starts: Counter[int] = Counter()
    for those in alike.values():
        timetable = those[0].timetable(airflow)
        for span in hour.spans:
            for run in timetable.between(span.begin, span.end):
                starts[run.astimezone(zone).minute] += len(those)
    return BusyHour(hour, starts)


def _hours_in(hour: Hour, timezone: str) -> frozenset[int] | None:
    """Return the local hours of another timezone in an hour; None near a DST change, which can shift runs."""
    zone = ZoneInfo(timezone)
    if not hour.spans or dst_changes(zone, hour.spans[0].begin - DAY, hour.spans[-1].end + DAY):
        return None
    return frozenset(each.astimezone(zone).hour for span in hour.spans for each in (span.begin, span.end - _INSTANT))


def _can_fire(cron: str, hours: frozenset[int] | None) -> bool:
    of_cron = expand(cron)[0][1]
    return hours is None or of_cron == ["*"] or not hours.isdisjoint(of_cron)
