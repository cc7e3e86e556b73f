"""The rows of the list: schedule files with their schedules, DAG file states and diagnostics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cached_property
from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, has_errors, in_numbers
from codegen.loader import Document
from codegen.schema import Schedule
from codegen.schema.describe import describe_task, describe_work
from codegen.sync.parts import Action
from codegen.timetable.humanize import short_words
from codegen.timetable.timetable import Timetable
from codegen.web.shell.humanize import start_of
from codegen.web.shell.next_runs import NextRunsCache
from codegen.web.shell.workspace import Snapshot

_COMMAND = "dagpress generate"


class Status(Enum):
    """The state of a schedule's DAG file. With several environments, the first of these states applies."""

    NOT_COMPARED = "not compared"
    MISSING = "missing"
    CHANGED = "changed"
    CURRENT = "current"


_STATUSES = list(Status)


@dataclass(frozen=True)
class Row:
    """A schedule file.

    Attributes:
        file: the path, relative to the schedules folder.
        document: the content; None if it is not a mapping.
        schedules: the schedule in each selected environment; empty if it cannot be read.
        airflow: the project's Airflow version, one of `VERSIONS`.
        proposals: the titles of the open proposals that change the file.
    """

    file: str
    document: Document | None
    schedules: tuple[Schedule, ...]
    status: Status
    diagnostics: tuple[Diagnostic, ...]
    airflow: str
    next_runs: NextRunsCache
    proposals: tuple[str, ...] = ()

    @cached_property
    def schedule(self) -> Schedule | None:
        """The schedule in the first selected environment."""
        return next(iter(self.schedules), None)

    @cached_property
    def name(self) -> str:
        """The name of the schedule, or the stem of a file that cannot be read."""
        known = self.schedule or self.document
        return known.name if known else PurePosixPath(self.file).stem

    @property
    def deployments(self) -> Sequence[str]:
        """The selected environments that have the schedule."""
        return [schedule.deployment for schedule in self.schedules if schedule.deployment]

    @cached_property
    def runs(self) -> str:
        """The pipeline's work, such as `tap-gitlab → target-postgres`."""
        return work_of(self.schedule) if self.schedule else ""

    @cached_property
    def start(self) -> str:
        """The start of the pipeline as text; empty if the cron has no short description, or is invalid."""
        if self.schedule is None:
            return ""
        try:
            return start_of(self.schedule) if self.schedule.after else short_words(self.schedule.clock)
        except InvalidError:
            return ""

    @property
    def interval(self) -> str:
        """The interval as written in the YAML."""
        return self.schedule.interval_text if self.schedule else ""

    @property
    def next_run(self) -> datetime | None:
        """The next scheduled run; None without one."""
        return self.next_runs.of(self._timetable) if self._timetable else None

    @cached_property
    def _timetable(self) -> Timetable | None:
        """The timetable; None if the schedule has errors."""
        return self.schedule.timetable(self.airflow) if self.schedule and not self.has_errors else None

    @cached_property
    def runners(self) -> Sequence[str]:
        """The runners of its tasks."""
        if self.schedule is None:
            return ()
        runners = {self.schedule.runner_of(task) for task in self.schedule.tasks or ()} - {None}
        return sorted(str(runner) for runner in runners) or [self.schedule.runner or ""]

    @cached_property
    def search_text(self) -> str:
        """The text that the search matches, in lower case."""
        texts = [self.name, self.file, self.runs]
        if schedule := self.schedule:
            texts += [schedule.owner or "", schedule.dag_id_or_default, *schedule.all_tags]
        return "\n".join(texts).casefold()

    @cached_property
    def has_errors(self) -> bool:
        """Whether any of its diagnostics is an error."""
        return has_errors(self.diagnostics)

    @property
    def problems(self) -> str:
        """The number of its diagnostics, such as `1 error, 2 warnings`."""
        return in_numbers(self.diagnostics)


@dataclass(frozen=True)
class Listing:
    """The list.

    Attributes:
        diagnostics: the project's diagnostics that belong to no schedule file.
        changes: the changes of generated files that no row shows, such as the DAG file of a deleted schedule.
    """

    rows: Sequence[Row]
    diagnostics: Sequence[Diagnostic]
    changes: Sequence[tuple[str, str]]


def listing_of(
    snapshot: Snapshot, deployment: str, next_runs: NextRunsCache, proposals: Mapping[str, Sequence[str]]
) -> Listing:
    """Return the list of a project.

    Args:
        snapshot: the project.
        deployment: an environment; empty for all.
        next_runs: the cache of next runs.
        proposals: the titles of open proposals by the schedule file that they change, relative to the schedules folder.
    """
    listing = snapshot.cached(_without_proposals, deployment, next_runs)
    if not proposals:
        return listing
    those = {file: tuple(titles) for file, titles in proposals.items()}
    rows = [replace(row, proposals=those[row.file]) if row.file in those else row for row in listing.rows]
    return replace(listing, rows=rows)


def _without_proposals(snapshot: Snapshot, deployment: str, next_runs: NextRunsCache) -> Listing:
    diagnostics: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in snapshot.diagnostics:
        diagnostics[diagnostic.location.path].append(diagnostic)
    schedules: dict[str, list[Schedule]] = defaultdict(list)
    for schedule in snapshot.reading.schedules:
        schedules[schedule.source].append(schedule)
    documents: dict[str, list[Document]] = defaultdict(list)
    for document in snapshot.reading.documents:
        documents[document.source.name].append(document)
    rows = []
    for file in snapshot.reading.files:
        name, known, shown = file.name, documents.get(file.name, ()), schedules.get(file.name, ())
        if deployment:
            if known and deployment not in {document.deployment for document in known}:
                continue
            shown = [schedule for schedule in shown if schedule.deployment == deployment]
        problems = [*diagnostics.get(name, ())]
        for path in dict.fromkeys(schedule.dag_file for schedule in shown):
            problems += (each for each in diagnostics.get(path, ()) if snapshot.concerns(each, name))
        # Reuse the row of an earlier list if it is unchanged.
        row = snapshot.reading.cache(
            (name, deployment),
            Row,
            file.relative,
            next(iter(known), None),
            tuple(shown),
            _status(snapshot, shown, diagnostics),
            tuple(problems),
            snapshot.project.airflow,
            next_runs,
        )
        rows.append(row)
    owned = {schedule.dag_file for schedule in snapshot.reading.schedules}
    owned.update(file.name for file in snapshot.reading.files)
    return Listing(
        sorted(rows, key=lambda row: (row.name.casefold(), row.file)),
        # The page shows the first steps instead of this diagnostic.
        [d for d in snapshot.diagnostics if d.location.path not in owned and d.code != rules.NO_SCHEDULES.code],
        [*_others(snapshot)],
    )


def _others(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the names and messages of the changed files that no row of any environment shows."""
    shown = {one.dag_file for one in snapshot.reading.schedules if snapshot.change_of(one.dag_file, one.source)}
    for change in snapshot.changes:
        removed = [part for part in change.parts if part.action is Action.DELETE and part.block.is_shared]
        if change.action is Action.UPDATE and removed:
            yield from ((part.name, part.diagnostic(_COMMAND).message) for part in removed)
        elif change.name not in shown:
            yield change.name, change.diagnostic(_COMMAND).message


def _status(
    snapshot: Snapshot, schedules: Sequence[Schedule], diagnostics: Mapping[str, Sequence[Diagnostic]]
) -> Status:
    """Return the first of the statuses of several schedules."""
    found = [_status_of(snapshot, each, diagnostics.get(each.dag_file, ())) for each in schedules]
    return min(found, key=_STATUSES.index, default=Status.NOT_COMPARED)


def _status_of(snapshot: Snapshot, schedule: Schedule, diagnostics: Sequence[Diagnostic]) -> Status:
    if not snapshot.is_compared or has_errors(diagnostics):
        return Status.NOT_COMPARED
    if change := snapshot.change_of(schedule.dag_file, schedule.source):
        return Status.CHANGED if change.before else Status.MISSING
    return Status.CURRENT


def work_of(schedule: Schedule) -> str:
    """Describe the work of a schedule like `describe_work`, but with every task, for the search."""
    if schedule.tasks:
        return ", ".join((task.id if task.command else "") or describe_task(task) for task in schedule.tasks)
    transform = {"run": ", then dbt", "only": ", only dbt"}.get(schedule.transform or "", "")
    return describe_work(schedule) + transform
