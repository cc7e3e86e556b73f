"""When schedules run next, computed once for each run."""

from __future__ import annotations

from datetime import datetime, timezone

from codegen.timetable.timetable import Timetable

# More than a project has schedules.
_MOST = 8192


class NextRunsCache:
    """The next run of each timetable, which is valid until that run. Many schedules share one."""

    def __init__(self) -> None:
        """Start without any."""
        self._runs: dict[Timetable, datetime | None] = {}

    def of(self, timetable: Timetable) -> datetime | None:
        """The next run that the clock starts, in UTC; None where there is none."""
        now = datetime.now(timezone.utc)
        run = self._runs.get(timetable, now)
        if run is not None and run <= now:
            run = next((each.astimezone(timezone.utc) for each in timetable.next_runs(now)), None)
            if len(self._runs) > _MOST:
                self._runs.clear()
            self._runs[timetable] = run
        return run
