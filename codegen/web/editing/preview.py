"""What a schedule file would come to if it were saved: what is wrong, when it runs, and its DAG. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from codegen import pipeline
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, has_errors
from codegen.loader import Document
from codegen.pipeline import Reading
from codegen.pipeline.scope import dag_files
from codegen.project import Project
from codegen.review.effects import Effect, effects_of
from codegen.schema import Schedule
from codegen.secrets.masking import masked
from codegen.sync.dag_code import DagCode, code_of
from codegen.web.parts.patch import Patch, patch_of_dag
from codegen.web.shell.humanize import start_of
from codegen.web.shell.safe_read import text_of
from codegen.web.shell.workspace import Snapshot


@dataclass(frozen=True)
class Dag:
    """The code of a schedule in a DAG file after the change and before it; None where there is none yet."""

    name: str
    after: DagCode
    before: DagCode | None

    @cached_property
    def patch(self) -> Patch:
        """What differs."""
        return patch_of_dag(self.name, self.before, self.after)

    @property
    def shown(self) -> str:
        """The code with its secrets masked."""
        return masked(self.after.block.text, self.name)

    @property
    def head(self) -> str:
        """The head of a shared file, with its secrets masked."""
        return masked(self.after.head.text, self.name)


@dataclass(frozen=True)
class Preview:
    """A project as it would be with another text of one schedule file.

    Attributes:
        source: the file, as a path in the project.
        reading: the project with that text.
        elsewhere: what would be wrong in other files, and is not now.
        environment: the deployment environment that is shown; empty where the project has none.
        schedule: the schedule there; nothing where it has errors, or the environment has it not.
        dag: its file; nothing where an error prevents it.
        blocked_by: the errors in other files that would block writing, though not this file.
        sharing: those of them in schedules of the same DAG file, which is not written until they are fixed.
    """

    project: Project
    source: str
    reading: Reading
    elsewhere: Sequence[Diagnostic]
    environment: str
    schedule: Schedule | None
    dag: Dag | None
    blocked_by: Sequence[Diagnostic]
    sharing: Sequence[Diagnostic]

    @property
    def own(self) -> list[Diagnostic]:
        """What is wrong with the file itself."""
        return [each for each in self.reading.diagnostics if each.location.path == self.source]

    @property
    def document(self) -> Document | None:
        """The file with its defaults, where it could be read."""
        found = [each for each in self.reading.documents if each.source.name == self.source]
        return next((each for each in found if each.deployment == self.environment), found[0] if found else None)

    @property
    def errors(self) -> int:
        """How many errors it has, or brings to others."""
        return sum(each.is_error for each in (*self.own, *self.elsewhere))

    @property
    def start(self) -> str:
        """What starts it, in words; empty where that cannot be said."""
        return start_of(self.schedule) if self.schedule else ""

    def effects_since(self, before: Reading) -> list[Effect]:
        """The effects of the text on the runs, compared with the project before."""
        return effects_of(self.project, before, self.reading, [self.source])


def preview_of(snapshot: Snapshot, source: str, text: str, environment: str = "") -> Preview:
    """The project with another text of a schedule file, for an environment or the first that has the schedule."""
    project = snapshot.project
    reading = pipeline.read(project, {source: text}, cache=Cache(snapshot.reading.cache))
    known = {*snapshot.reading.diagnostics}
    elsewhere = [each for each in reading.diagnostics if each.location.path != source and each not in known]
    schedules = [each for each in reading.schedules if each.source == source]
    if environment not in project.deployments:
        deployments = [each.source.name == source and each.deployment for each in reading.documents]
        environment = next((each for each in deployments if each), "")
    schedule = next((each for each in schedules if each.deployment == environment), None)
    others = {file.name for file in snapshot.sources.values()} - {source}
    before = [each for each in reading.diagnostics if each.location.path in others and each in known]
    without = [each for each in reading.diagnostics if each not in before]
    if has_errors(each for each in without if each.location.path == source):
        schedule = None
    blocked_by = [each for each in before if each.is_error]
    neighbours = {
        file.name for file in reading.files if schedule and schedule.dag_file in dag_files(project, file.relative)
    }
    sharing = [each for each in blocked_by if each.location.path in neighbours]
    faulty = {each.location.path for each in sharing}
    dag = _dag(project, replace(reading, diagnostics=without), schedule, faulty) if schedule else None
    return Preview(project, source, reading, elsewhere, environment, schedule, dag, blocked_by, sharing)


def _dag(project: Project, reading: Reading, schedule: Schedule, faulty: Collection[str]) -> Dag | None:
    """Its code in a DAG file, with the schedules of the file that have no errors; None if it waits for one with any."""
    names = {each.name for each in reading.of(schedule.deployment)}
    those = [
        each
        for each in reading.of(schedule.deployment)
        if each.dag_file == schedule.dag_file
        and each.source not in faulty
        and (not each.after or names.issuperset(each.after.names))
    ]
    if schedule not in those:
        return None
    source, name = schedule.source, schedule.dag_file
    after = code_of(pipeline.render(project, reading, those).files.get(name, ""), source)
    before = code_of((text_of(project.root, project.root / name) or "").replace("\r\n", "\n"), source)
    if after and before and faulty:
        # The blocks above it stay as they are.
        after = replace(after, block=after.block._replace(line=before.block.line))
    return Dag(name, after, before) if after else None
