"""The preview of a schedule file before saving: its diagnostics, start, effects and DAG file. Writes no files."""

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
    """The code of a schedule in a DAG file after and before the change; `before` is None for a new one."""

    name: str
    after: DagCode
    before: DagCode | None

    @cached_property
    def patch(self) -> Patch:
        """The patch from the code before the change to the code after it."""
        return patch_of_dag(self.name, self.before, self.after)

    @property
    def shown(self) -> str:
        """The code with masked secrets."""
        return masked(self.after.block.text, self.name)

    @property
    def head(self) -> str:
        """The head of a shared file with masked secrets."""
        return masked(self.after.head.text, self.name)


@dataclass(frozen=True)
class Preview:
    """A project with a new text of one schedule file.

    Attributes:
        source: the file, as a path in the project.
        reading: the project with the new text.
        elsewhere: the new diagnostics in other files.
        deployment: the selected environment; empty if the project has no environments.
        schedule: the schedule; None if it has errors, or does not exist in the environment.
        dag: the DAG file; None if errors prevent it.
        blocked_by: the existing errors in other files. They do not prevent saving this file.
        sharing: the errors among them in the same DAG file, which is not written until they are fixed.
    """

    project: Project
    source: str
    reading: Reading
    elsewhere: Sequence[Diagnostic]
    deployment: str
    schedule: Schedule | None
    dag: Dag | None
    blocked_by: Sequence[Diagnostic]
    sharing: Sequence[Diagnostic]

    @property
    def own(self) -> list[Diagnostic]:
        """The diagnostics of the file itself."""
        return [each for each in self.reading.diagnostics if each.location.path == self.source]

    @property
    def document(self) -> Document | None:
        """The file merged with its defaults; None if it cannot be read."""
        found = [each for each in self.reading.documents if each.source.name == self.source]
        return next((each for each in found if each.deployment == self.deployment), found[0] if found else None)

    @property
    def errors(self) -> int:
        """The number of errors in the file, and of new errors in other files."""
        return sum(each.is_error for each in (*self.own, *self.elsewhere))

    @property
    def start(self) -> str:
        """The start of the schedule, in words; empty if it has errors."""
        return start_of(self.schedule) if self.schedule else ""

    def effects_since(self, before: Reading) -> list[Effect]:
        """Return the effects of the new text, compared with the project before."""
        return effects_of(self.project, before, self.reading, [self.source])


def preview_of(snapshot: Snapshot, source: str, text: str, deployment: str = "") -> Preview:
    """Preview a new text of a schedule file in an environment, or in the first environment that has the schedule."""
    project = snapshot.project
    reading = pipeline.read(project, {source: text}, cache=Cache(snapshot.reading.cache))
    known = {*snapshot.reading.diagnostics}
    elsewhere = [each for each in reading.diagnostics if each.location.path != source and each not in known]
    schedules = [each for each in reading.schedules if each.source == source]
    if deployment not in project.deployments:
        deployments = [each.source.name == source and each.deployment for each in reading.documents]
        deployment = next((each for each in deployments if each), "")
    schedule = next((each for each in schedules if each.deployment == deployment), None)
    others = {file.name for file in snapshot.sources.values()} - {source}
    before = [each for each in reading.diagnostics if each.location.path in others and each in known]
    without = [each for each in reading.diagnostics if each not in before]
    if has_errors(each for each in without if each.location.path == source):
        schedule = None
    blocked_by = [each for each in before if each.is_error]
    same_file = {
        file.name for file in reading.files if schedule and schedule.dag_file in dag_files(project, file.relative)
    }
    sharing = [each for each in blocked_by if each.location.path in same_file]
    faulty = {each.location.path for each in sharing}
    dag = _dag(project, replace(reading, diagnostics=without), schedule, faulty) if schedule else None
    return Preview(project, source, reading, elsewhere, deployment, schedule, dag, blocked_by, sharing)


def _dag(project: Project, reading: Reading, schedule: Schedule, faulty: Collection[str]) -> Dag | None:
    """Render the DAG file with its valid schedules; None if the schedule depends on one with errors."""
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
        # The blocks above it are unchanged.
        after = replace(after, block=after.block._replace(line=before.block.line))
    return Dag(name, after, before) if after else None
