"""The rows of the list: every schedule file with what it runs, when, how its DAG file stands, and what is wrong."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import InvalidError, has_errors, in_numbers
from codegen.schema.describe import describe_work
from codegen.sync.changes import Action
from codegen.web.parts.humanize import interval_in_words, start_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codegen.diagnostics import Diagnostic
    from codegen.loader import SourceFile
    from codegen.schema import Schedule
    from codegen.sync.changes import Change
    from codegen.web.shell.workspace import Snapshot


class Status(Enum):
    """How the DAG file of a schedule stands; the first of them that is so in any of its environments."""

    NOT_COMPARED = "not compared"
    EDITED = "edited by hand"
    MISSING = "missing"
    CHANGED = "changed"
    CURRENT = "current"


@dataclass(frozen=True, eq=False)
class Row:
    """A schedule file.

    Attributes:
        file: its path below the folder of schedules.
        schedule: what is in it, in the first environment that is shown; nothing where it cannot be read.
        deployments: the environments that have it, of those that are shown.
        runs: what it runs, in words.
        start: what starts it, in words; empty where there are none for its cron.
        text: what a search looks into, in small letters.
    """

    file: str
    name: str
    schedule: Schedule | None
    deployments: tuple[str, ...]
    runs: str
    start: str
    runner: str
    status: Status
    diagnostics: tuple[Diagnostic, ...]
    text: str

    @property
    def owner(self) -> str:
        """Its owner."""
        return self.schedule.owner or "" if self.schedule else ""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its own tags, without those that Meltano gives."""
        return self.schedule.tags if self.schedule else ()

    @property
    def interval(self) -> str:
        """The interval as it is written."""
        return self.schedule.interval if self.schedule else ""

    @property
    def timezone(self) -> str:
        """Its timezone."""
        return self.schedule.timezone if self.schedule else ""

    @property
    def has_errors(self) -> bool:
        """Whether anything that is wrong with it forbids writing."""
        return has_errors(self.diagnostics)

    @property
    def problems(self) -> str:
        """How much is wrong with it, such as `1 error, 2 warnings`."""
        return in_numbers(self.diagnostics)


@dataclass(frozen=True)
class Listing:
    """The list.

    Attributes:
        diagnostics: what is wrong with no schedule file, but with the project.
        changes: those of generated files that are of no schedule, such as of one whose schedule is gone.
    """

    rows: Sequence[Row]
    diagnostics: Sequence[Diagnostic]
    changes: Sequence[Change]


@lru_cache(maxsize=8)
def listing_of(snapshot: Snapshot, environment: str = "") -> Listing:
    """The list of a project at one moment.

    Args:
        snapshot: the project.
        environment: the deployment environment that is shown; all where it is empty.
    """
    said: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in snapshot.diagnostics:
        said[diagnostic.location.path].append(diagnostic)
    schedules: dict[str, list[Schedule]] = defaultdict(list)
    for schedule in snapshot.reading.schedules:
        schedules[schedule.source].append(schedule)
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for document in snapshot.reading.documents:
        names[document.source.name][document.deployment] = document.name
    folder = snapshot.project.generated_dags.relative_to(snapshot.project.root).as_posix()
    statuses = _Statuses(snapshot, folder)
    rows = [
        _row(
            file,
            [s for s in schedules[file.name] if environment in {"", s.deployment}],
            names[file.name],
            statuses,
            said,
        )
        for file in snapshot.sources.values()
        if not environment or environment in names[file.name] or not names[file.name]
    ]
    owned = {file.name for file in snapshot.sources.values()}
    owned |= {statuses.dag_file(schedule) for schedule in snapshot.reading.schedules}
    return Listing(
        sorted(rows, key=lambda row: (row.name.casefold(), row.file)),
        # That there is none yet, the page says in its own words.
        [d for d in snapshot.diagnostics if d.location.path not in owned and d.code != rules.NO_SCHEDULES.code],
        [change for change in snapshot.changes if change.name not in owned],
    )


def _what_runs(schedule: Schedule) -> str:
    """`describe_work`, with what each task does, so that people can search for it."""
    if schedule.tasks:
        return ", ".join(task.run or task.id or task.python or task.command or "" for task in schedule.tasks)
    transform = {"run": ", then dbt", "only": ", only dbt"}.get(schedule.transform or "", "")
    return describe_work(schedule) + transform


class _Statuses:
    """How each DAG file stands."""

    def __init__(self, snapshot: Snapshot, folder: str) -> None:
        self._folder = folder
        self._is_compared = snapshot.is_compared
        self._changes = {change.name: _status_after(change) for change in snapshot.changes}
        self._broken = {d.location.path for d in snapshot.diagnostics if d.is_error}

    def dag_file(self, schedule: Schedule) -> str:
        return f"{self._folder}/{schedule.dag_file}"

    def of(self, schedules: Sequence[Schedule]) -> Status:
        found = {self._of(self.dag_file(schedule)) for schedule in schedules} or {Status.NOT_COMPARED}
        return next(status for status in Status if status in found)

    def _of(self, dag_file: str) -> Status:
        if not self._is_compared or dag_file in self._broken:
            return Status.NOT_COMPARED
        return self._changes.get(dag_file, Status.CURRENT)


def _status_after(change: Change) -> Status:
    if change.edited:
        return Status.EDITED
    return Status.MISSING if change.action is Action.CREATE else Status.CHANGED


def _row(
    file: SourceFile,
    schedules: Sequence[Schedule],
    names: Mapping[str, str],
    statuses: _Statuses,
    said: Mapping[str, Sequence[Diagnostic]],
) -> Row:
    places = [file.name, *(statuses.dag_file(schedule) for schedule in schedules)]
    diagnostics = tuple(diagnostic for place in places for diagnostic in said.get(place, ()))
    schedule = schedules[0] if schedules else None
    name = schedule.name if schedule else next(iter(names.values()), PurePosixPath(file.relative).stem)
    runs = _what_runs(schedule) if schedule else ""
    searched = [name, file.relative, runs]
    if schedule:
        searched += [schedule.owner or "", schedule.dag_id_or_default, *schedule.all_tags]
    return Row(
        file=file.relative,
        name=name,
        schedule=schedule,
        deployments=tuple(each.deployment for each in schedules if each.deployment),
        runs=runs,
        start=_start(schedule) if schedule else "",
        runner=_runners(schedule) if schedule else "",
        status=statuses.of(schedules),
        diagnostics=diagnostics,
        text="\n".join(searched).casefold(),
    )


def _start(schedule: Schedule) -> str:
    try:
        return start_of(schedule) if schedule.after else interval_in_words(schedule.clock)
    except InvalidError:
        return ""


def _runners(schedule: Schedule) -> str:
    """Where its tasks run."""
    runners = {schedule.runner_of(task) for task in schedule.tasks or ()} - {None}
    return ", ".join(sorted(str(runner) for runner in runners)) or schedule.runner or ""
