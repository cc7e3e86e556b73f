"""When schedules run next, worked out once for each run."""

from __future__ import annotations

from datetime import timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.cache import MEMORY
from codegen.timetable.runs import Bounds, bounds_of, next_runs

if TYPE_CHECKING:
    from datetime import datetime

    from codegen.schema import Schedule
    from codegen.timetable.interval import Interval

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
