"""The next runs of a schedule, in its timezone and the viewer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from codegen.drawing import timeline
from codegen.drawing.timeline import TimeLine
from codegen.timetable.dst import DstChange, dst_changes
from codegen.timetable.timetable import Timetable
from codegen.web.shell.humanize import absolute, relative


@dataclass(frozen=True)
class Run:
    """A run, or a DST change between two runs.

    Attributes:
        number: None for a DST change.
        words: the time until the run, or a description of the DST change.
        time: the time in UTC, in ISO format.
        own: the time in the timezone of the schedule.
        viewers: the time in the timezone of the viewer.
    """

    number: int | None
    words: str
    time: str
    own: str
    viewers: str


@dataclass(frozen=True)
class NextRuns:
    """The next runs.

    Attributes:
        rows: the runs and the DST changes of both timezones, in order.
    """

    now: datetime
    zone: ZoneInfo
    viewer: ZoneInfo
    runs: Sequence[datetime]
    changes: Sequence[DstChange]
    rows: Sequence[Run]

    @property
    def line(self) -> TimeLine | None:
        """The timeline of the runs; None without runs."""
        return timeline.lay_out(self.now, self.runs, self.changes, self.zone, self.viewer) if self.runs else None

    @property
    def has_two_clocks(self) -> bool:
        """Whether the viewer's timezone differs from the schedule's."""
        return self.zone.key != self.viewer.key


def next_runs_of(timetable: Timetable, count: int, now: datetime, viewer: ZoneInfo) -> NextRuns:
    """Compute the next runs of a timetable, at most `count`."""
    zone, now = timetable.zone, now.astimezone(timezone.utc)
    runs = list(islice(timetable.next_runs(now), count))
    zones = {zone.key: zone, viewer.key: viewer}.values()
    changes = sorted(
        (change for zone in zones for change in dst_changes(zone, now, runs[-1])) if runs else (),
        key=lambda change: change.time.astimezone(timezone.utc),
    )
    rows = [_run(number, run, now, zone, viewer) for number, run in enumerate(runs, 1)]
    rows += [_change(change, zone, viewer) for change in changes]
    rows.sort(key=lambda row: row.time)
    return NextRuns(now, zone, viewer, runs, changes, rows)


def _run(number: int, run: datetime, now: datetime, zone: ZoneInfo, viewer: ZoneInfo) -> Run:
    return Run(number, relative(run, now), _stamp(run), absolute(run, zone), absolute(run, viewer))


def _change(change: DstChange, zone: ZoneInfo, viewer: ZoneInfo) -> Run:
    way = "forward" if change.by > timedelta() else "back"
    words = f"DST change: clocks in {change.zone} go {way} by {timeline.duration(change.by)}"
    return Run(None, words, _stamp(change.time), absolute(change.time, zone), absolute(change.time, viewer))


def _stamp(time: datetime) -> str:
    return time.astimezone(timezone.utc).isoformat()
