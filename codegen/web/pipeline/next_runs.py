"""The next runs of a schedule, on its own clock and on the viewer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from codegen.drawing import timeline
from codegen.drawing.timeline import TimeLine
from codegen.timetable.dst import DstChange, dst_changes
from codegen.web.parts.humanize import absolute, relative
from codegen.web.pipeline.view import View

_MOST = 10


@dataclass(frozen=True)
class Run:
    """A run, or a DST change between two runs, which has no number."""

    number: int | None
    words: str
    moment: str
    own: str
    viewers: str


@dataclass(frozen=True)
class NextRuns:
    """The next runs.

    Attributes:
        line: them in a picture; nothing where there are none.
        rows: them in a table, with the changes of the clocks between them.
        backlog: what Airflow catches up with first, in words; empty for nothing.
    """

    zone: ZoneInfo
    viewer: ZoneInfo
    line: TimeLine | None
    rows: Sequence[Run]
    backlog: str

    @property
    def has_two_clocks(self) -> bool:
        """Whether the viewer's clock is another than the schedule's."""
        return self.zone.key != self.viewer.key


def next_runs_of(view: View, now: datetime, viewer: ZoneInfo) -> NextRuns | None:
    """The next runs of a schedule; None where errors leave them open."""
    schedule = view.schedule
    if schedule is None or not view.is_sound:
        return None
    timetable = schedule.timetable(view.snapshot.project.airflow)
    zone, now = timetable.zone, now.astimezone(timezone.utc)
    runs = list(islice(timetable.next_runs(now), _MOST))
    zones = {zone.key: zone, viewer.key: viewer}.values()
    changes = sorted(
        (change for zone in zones for change in dst_changes(zone, now, runs[-1])) if runs else (),
        key=lambda change: change.time.astimezone(timezone.utc),
    )
    backlog = timetable.backlog(now) if schedule.catchup else None
    line = timeline.lay_out(now, runs, changes, zone, viewer) if runs else None
    rows = [_run(number, run, now, zone, viewer) for number, run in enumerate(runs, 1)]
    rows += [_change(change, zone, viewer) for change in changes]
    rows.sort(key=lambda row: row.moment)
    return NextRuns(zone, viewer, line, rows, str(backlog or ""))


def _run(number: int, run: datetime, now: datetime, zone: ZoneInfo, viewer: ZoneInfo) -> Run:
    return Run(number, relative(run, now), _stamp(run), absolute(run, zone), absolute(run, viewer))


def _change(change: DstChange, zone: ZoneInfo, viewer: ZoneInfo) -> Run:
    way = "forward" if change.by > timedelta() else "back"
    words = f"the clock of {change.zone} goes {way} by {timeline.duration(change.by)}"
    moment = change.time
    return Run(None, words, _stamp(moment), absolute(moment, zone), absolute(moment, viewer))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat()
