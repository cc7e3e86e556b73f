"""The rows of the list: each schedule file with its schedule, the state of its DAG file, and its diagnostics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, has_errors, in_numbers
from codegen.loader import Document
from codegen.schema import Schedule
from codegen.schema.describe import describe_task, describe_work
from codegen.sync.changes import Action, Change
from codegen.timetable.humanize import short_words
from codegen.timetable.timetable import Timetable
from codegen.web.parts.humanize import start_of
from codegen.web.shell.next_runs import NextRunsCache
from codegen.web.shell.workspace import Snapshot


class Status(Enum):
    """The state of a schedule's DAG file; of several environments, the first of these."""

    NOT_COMPARED = "not compared"
    MISSING = "missing"
    CHANGED = "changed"
    CURRENT = "current"


@dataclass(frozen=True)
class Row:
    """A schedule file.

    Attributes:
        file: its path below the folder of schedules.
        schedule: the schedule in the first environment that is shown; None where it cannot be read.
        deployments: the environments that have it, of those that are shown.
        airflow: the version of the project, one of `VERSIONS`.
    """

    file: str
    name: str
    schedule: Schedule | None
    deployments: tuple[str, ...]
    status: Status
    diagnostics: tuple[Diagnostic, ...]
    airflow: str
    next_runs: NextRunsCache

    @cached_property
    def runs(self) -> str:
        """What it runs."""
        return what_runs(self.schedule) if self.schedule else ""

    @cached_property
    def start(self) -> str:
        """What starts it; empty where the cron has no short words, or is invalid."""
        if self.schedule is None:
            return ""
        try:
            return start_of(self.schedule) if self.schedule.after else short_words(self.schedule.clock)
        except InvalidError:
            return ""

    @property
    def interval(self) -> str:
        """The interval as it is written."""
        return self.schedule.interval_text if self.schedule else ""

    @property
    def next_run(self) -> datetime | None:
        """The next run that the clock starts, if there is one."""
        return self.next_runs.of(self._timetable) if self._timetable else None

    @cached_property
    def _timetable(self) -> Timetable | None:
        """When its runs start, unless an error leaves it open."""
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
        """What a search looks into, in small letters."""
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
        diagnostics: those of the project that belong to no schedule file.
        changes: those of generated files that belong to no schedule, such as of a deleted one.
    """

    rows: Sequence[Row]
    diagnostics: Sequence[Diagnostic]
    changes: Sequence[Change]


def listing_of(snapshot: Snapshot, environment: str, next_runs: NextRunsCache) -> Listing:
    """The list of a project; of all its deployment environments where none is named."""
    diagnostics: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in snapshot.diagnostics:
        diagnostics[diagnostic.location.path].append(diagnostic)
    schedules: dict[str, list[Schedule]] = defaultdict(list)
    for one in snapshot.reading.schedules:
        schedules[one.source].append(one)
    documents: dict[str, dict[str, Document]] = defaultdict(dict)
    for each in snapshot.reading.documents:
        documents[each.source.name][each.deployment] = each
    owned, rows = {each.dag_file for each in snapshot.reading.schedules}, []
    for file in snapshot.reading.files:
        owned.add(file.name)
        known = documents[file.name]
        if environment and known and environment not in known:
            continue
        shown = [each for each in schedules[file.name] if environment in {"", each.deployment}]
        dag_files = [each.dag_file for each in shown]
        schedule, document = next(iter(shown), None), next(iter(known.values()), None)
        name = schedule.name if schedule else document.name if document else PurePosixPath(file.relative).stem
        # The same row as in an earlier list, if nothing of it has changed.
        row = snapshot.reading.cache(
            (file.name, environment),
            Row,
            file=file.relative,
            name=name,
            schedule=schedule,
            deployments=tuple(each.deployment for each in shown if each.deployment),
            status=_status(snapshot, dag_files, diagnostics),
            diagnostics=tuple(each for name in (file.name, *dag_files) for each in diagnostics.get(name, ())),
            airflow=snapshot.project.airflow,
            next_runs=next_runs,
        )
        rows.append(row)
    return Listing(
        sorted(rows, key=lambda row: (row.name.casefold(), row.file)),
        # The page says in other words that there are no schedules yet.
        [d for d in snapshot.diagnostics if d.location.path not in owned and d.code != rules.NO_SCHEDULES.code],
        [change for change in snapshot.changes if change.name not in owned],
    )


def _status(snapshot: Snapshot, dag_files: Sequence[str], diagnostics: Mapping[str, Sequence[Diagnostic]]) -> Status:
    """The first status that any of some DAG files has."""
    found = set()
    for name in dag_files:
        if not snapshot.is_compared or has_errors(diagnostics.get(name, ())):
            found.add(Status.NOT_COMPARED)
        elif change := snapshot.change_of(name):
            created = change.action is Action.CREATE
            found.add(Status.MISSING if created else Status.CHANGED)
        else:
            found.add(Status.CURRENT)
    return next((status for status in Status if status in found), Status.NOT_COMPARED)


def what_runs(schedule: Schedule) -> str:
    """`describe_work`, with the work of each task, so that people can search for it."""
    if schedule.tasks:
        return ", ".join((task.id if task.command else "") or describe_task(task) for task in schedule.tasks)
    transform = {"run": ", then dbt", "only": ", only dbt"}.get(schedule.transform or "", "")
    return describe_work(schedule) + transform
