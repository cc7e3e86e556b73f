"""Caches the next runs of schedules."""

from __future__ import annotations

from datetime import datetime, timezone

from codegen.timetable.timetable import Timetable

# Limit on cached timetables, above the number of schedules in a project.
_MAX_ENTRIES = 8192


class NextRunsCache:
    """Caches the next run of each timetable until that run. Many schedules share a timetable."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._runs: dict[Timetable, datetime | None] = {}

    def of(self, timetable: Timetable) -> datetime | None:
        """Return the next scheduled run, in UTC; None without one."""
        now = datetime.now(timezone.utc)
        run = self._runs.get(timetable, now)
        if run is not None and run <= now:
            run = next((each.astimezone(timezone.utc) for each in timetable.next_runs(now)), None)
            if len(self._runs) > _MAX_ENTRIES:
                self._runs.clear()
            self._runs[timetable] = run
        return run
