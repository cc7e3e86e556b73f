"""The pipeline of a page in one deployment environment, with its diagnostics."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from codegen.diagnostics import Diagnostic, has_errors
from codegen.loader import Document
from codegen.loader.discovery import SourceFile
from codegen.meltano import meltano_files
from codegen.schema import Schedule
from codegen.web.shell.workspace import Snapshot


@dataclass(frozen=True)
class View:
    """A schedule file in one deployment environment.

    Attributes:
        deployment: the environment; empty if the project has no environments, or the file cannot be read.
    """

    snapshot: Snapshot
    source: SourceFile
    deployment: str

    @cached_property
    def document(self) -> Document | None:
        """The content of the file; None if it is not a mapping."""
        mine = (d for d in self.snapshot.reading.documents if d.source.name == self.source.name)
        return next((document for document in mine if document.deployment == self.deployment), None)

    @cached_property
    def schedule(self) -> Schedule | None:
        """The schedule, which may have errors; None if its keys cannot be read."""
        return next((each for each in self.schedules if each.source == self.source.name), None)

    @cached_property
    def schedules(self) -> Sequence[Schedule]:
        """All schedules of the environment, including this one."""
        return self.snapshot.reading.of(self.deployment)

    @property
    def name(self) -> str:
        """The schedule's name, or the stem of a file that cannot be read."""
        return self.document.name if self.document else self.source.path.stem

    @cached_property
    def own(self) -> Sequence[Diagnostic]:
        """The diagnostics of the file itself."""
        return [d for d in self.snapshot.diagnostics if d.location.path == self.source.name]

    @cached_property
    def inherited(self) -> Sequence[Diagnostic]:
        """The diagnostics of the files that it depends on: defaults, meltano.yml, templates and its DAG file."""
        project = self.snapshot.project
        files = [path for path, _ in self.source.defaults]
        files += [
            *meltano_files(project.root, project.meltano_project, self.snapshot.reading.cache),
            project.root / self.dag_file,
        ]
        # The Meltano project can be outside the project directory.
        names = {os.path.relpath(path, project.root).replace(os.sep, "/") for path in files}
        templates = PurePosixPath(project.templates.relative_to(project.root))
        return [
            diagnostic
            for diagnostic in self.snapshot.diagnostics
            if (diagnostic.location.path in names and self.snapshot.concerns(diagnostic, self.source.name))
            or templates in PurePosixPath(diagnostic.location.path).parents
        ]

    @property
    def is_valid(self) -> bool:
        """Whether the schedule and the files that it depends on have no errors."""
        return self.schedule is not None and not has_errors([*self.own, *self.inherited])

    @property
    def errors_elsewhere(self) -> int:
        """The number of errors in other files, which block the DAG files of all schedules."""
        known = {*self.own, *self.inherited}
        return sum(diagnostic.is_error for diagnostic in self.snapshot.diagnostics if diagnostic not in known)

    @property
    def dag_file(self) -> str:
        """The DAG file of the schedule, as a path in the project; known even if the schedule cannot be read."""
        return self.snapshot.project.dag_file(self.source.relative, self.deployment)


def deployments_of(snapshot: Snapshot, source: SourceFile) -> list[str]:
    """Return the deployment environments of a schedule file, in the project's order."""
    mine = {document.deployment for document in snapshot.reading.documents if document.source.name == source.name}
    return [name for name in snapshot.project.deployments if name in mine]
