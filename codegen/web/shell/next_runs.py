"""When schedules run next, computed once for each run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.timetable.runs import Bounds, bounds_of, next_runs

if TYPE_CHECKING:
    from codegen.schema import Schedule
    from codegen.timetable.interval import Interval

# More than a project has schedules.
_MOST = 8192


class NextRuns:
    """The next run of each interval, which is valid until that run. Many schedules share one."""

    def __init__(self) -> None:
        """Start without any."""
        self._runs: dict[tuple[Interval, ZoneInfo, Bounds], datetime | None] = {}

    def of(self, schedule: Schedule, airflow: str) -> datetime | None:
        """The next run of a checked schedule that the clock starts, in UTC; None where there is none."""
        now = datetime.now(timezone.utc)
        key = schedule.clock, ZoneInfo(schedule.timezone), bounds_of(schedule, airflow)
        run = self._runs.get(key, now)
        if run is not None and run <= now:
            interval, zone, bounds = key
            run = next((each.astimezone(timezone.utc) for each in next_runs(interval, zone, now, bounds)), None)
            if len(self._runs) > _MOST:
                self._runs.clear()
            self._runs[key] = run
        return run
