"""The rows of the list: each schedule file with its schedule, the state of its DAG file, and its diagnostics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, has_errors, in_numbers
from codegen.schema import Schedule
from codegen.schema.describe import describe_task, describe_work
from codegen.sync.parts import Action
from codegen.timetable.humanize import short_words
from codegen.web.parts.humanize import start_of
from codegen.web.shell.next_runs import NextRunsCache
from codegen.web.shell.workspace import Snapshot

_COMMAND = "dagpress generate"


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
        """The next run that the clock starts, unless an error leaves it open."""
        return None if self.has_errors or not self.schedule else self.next_runs.of(self.schedule, self.airflow)

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
        changes: what the rows do not tell of generated files, such as the DAG of a deleted schedule.
    """

    rows: Sequence[Row]
    diagnostics: Sequence[Diagnostic]
    changes: Sequence[tuple[str, str]]


def listing_of(snapshot: Snapshot, environment: str, next_runs: NextRunsCache) -> Listing:
    """The list of a project; of all its deployment environments where none is named."""
    diagnostics: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in snapshot.diagnostics:
        diagnostics[diagnostic.location.path].append(diagnostic)
    schedules: dict[str, list[Schedule]] = defaultdict(list)
    for each in snapshot.reading.schedules:
        schedules[each.source].append(each)
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for document in snapshot.reading.documents:
        names[document.source.name][document.deployment] = document.name
    owned, rows = {each.dag_file for each in snapshot.reading.schedules}, []
    for file in snapshot.sources.values():
        owned.add(file.name)
        known = names[file.name]
        if environment and known and environment not in known:
            continue
        shown = [each for each in schedules[file.name] if environment in {"", each.deployment}]
        dag_files = [each.dag_file for each in shown]
        schedule = shown[0] if shown else None
        rows.append(
            Row(
                file=file.relative,
                name=schedule.name if schedule else next(iter(known.values()), PurePosixPath(file.relative).stem),
                schedule=schedule,
                deployments=tuple(each.deployment for each in shown if each.deployment),
                status=_status(snapshot, shown, diagnostics),
                diagnostics=(
                    *diagnostics.get(file.name, ()),
                    *(
                        each
                        for name in dict.fromkeys(dag_files)
                        for each in diagnostics.get(name, ())
                        if snapshot.concerns(each, file.name)
                    ),
                ),
                airflow=snapshot.project.airflow,
                next_runs=next_runs,
            )
        )
    return Listing(
        sorted(rows, key=lambda row: (row.name.casefold(), row.file)),
        # The page says in other words that there are no schedules yet.
        [d for d in snapshot.diagnostics if d.location.path not in owned and d.code != rules.NO_SCHEDULES.code],
        [*_untold(snapshot)],
    )


def _untold(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """What changes in generated files and no row of the list of all environments tells: the name, and what is wrong."""
    told = {one.dag_file for one in snapshot.reading.schedules if snapshot.change_of(one.dag_file, one.source)}
    for change in snapshot.changes:
        gone = [part for part in change.parts if part.action is Action.DELETE and part.block.is_shared]
        if change.action is Action.UPDATE and gone:
            yield from ((part.name, part.diagnostic(_COMMAND).message) for part in gone)
        elif change.name not in told:
            yield change.name, change.diagnostic(_COMMAND).message


def _status(
    snapshot: Snapshot, schedules: Sequence[Schedule], diagnostics: Mapping[str, Sequence[Diagnostic]]
) -> Status:
    """The first status that the DAG of any of some schedules has."""
    found = set()
    for one in schedules:
        if not snapshot.is_compared or has_errors(diagnostics.get(one.dag_file, ())):
            found.add(Status.NOT_COMPARED)
        elif change := snapshot.change_of(one.dag_file, one.source):
            found.add(Status.CHANGED if change.before else Status.MISSING)
        else:
            found.add(Status.CURRENT)
    return next((status for status in Status if status in found), Status.NOT_COMPARED)


def what_runs(schedule: Schedule) -> str:
    """`describe_work`, with the work of each task, so that people can search for it."""
    if schedule.tasks:
        return ", ".join((task.id if task.command else "") or describe_task(task) for task in schedule.tasks)
    transform = {"run": ", then dbt", "only": ", only dbt"}.get(schedule.transform or "", "")
    return describe_work(schedule) + transform
