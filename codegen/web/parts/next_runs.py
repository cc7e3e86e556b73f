"""When schedules run next, worked out once for each run."""

from __future__ import annotations

from datetime import timezone
from typing import TYPE_CHECKING

from codegen.cache import MEMORY

if TYPE_CHECKING:
    from datetime import datetime

    from codegen.schema import Schedule
    from codegen.timetable.timetable import Timetable

# The next run of each timetable, which holds until that run. Many schedules share one.
_KNOWN: dict[Timetable, datetime | None] = {}


def next_run(schedule: Schedule, airflow: str, now: datetime) -> datetime | None:
    """The next run that the clock starts, in UTC; nothing where there is none.

    Args:
        schedule: a checked schedule.
        airflow: the version, one of `VERSIONS`.
        now: the moment, in UTC, which is not before that of an earlier call.
    """
    timetable = schedule.timetable(airflow)
    run = _KNOWN.get(timetable, now)
    if run is not None and run <= now:
        run = next((each.astimezone(timezone.utc) for each in timetable.next_runs(now)), None)
        if len(_KNOWN) > MEMORY:
            _KNOWN.clear()
        _KNOWN[timetable] = run
    return run
