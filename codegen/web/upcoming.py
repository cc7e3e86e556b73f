"""When schedules run next, worked out once for each run, and moments in the words of a list."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.loader import MEMORY
from codegen.runs import Bounds, bounds_of, next_runs

if TYPE_CHECKING:
    from datetime import datetime

    from codegen.interval import Interval
    from codegen.schema import Schedule

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# Up to here a person counts in hours.
_SOME_DAYS = timedelta(hours=48)
# What was found for an interval; it holds until that run. Many schedules share one.
_KNOWN: dict[tuple[Interval, ZoneInfo, Bounds], datetime | None] = {}


def next_run(schedule: Schedule, airflow: str, now: datetime) -> datetime | None:
    """The next run that the clock starts, in UTC; nothing where there is none.

    Args:
        schedule: a checked schedule.
        airflow: the version, one of `VERSIONS`.
        now: the moment, in UTC, which is not before that of an earlier call.
    """
    key = schedule.clock, ZoneInfo(schedule.timezone), bounds_of(schedule, airflow)
    run = _KNOWN.get(key, now)
    if run is not None and run <= now:
        interval, zone, bounds = key
        run = next((each.astimezone(timezone.utc) for each in next_runs(interval, zone, now, bounds)), None)
        if len(_KNOWN) > MEMORY:
            _KNOWN.clear()
        _KNOWN[key] = run
    return run


def from_now(moment: datetime, now: datetime) -> str:
    """How far away a later moment is, such as `in 5 min`, in whole units as `words.relative` counts them."""
    left = moment - now
    if left < _HOUR:
        return f"in {max(left // timedelta(minutes=1), 1)} min"
    if left < _SOME_DAYS:
        return f"in {left // _HOUR} h"
    return f"in {left // _DAY} days"


def on_the_wall(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """A moment as a clock and a calendar show it, such as `Mon 23 Nov, 06:00`; the year where it is another."""
    local = moment.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M}"
