"""Which pipeline a page is about, in which deployment environment, and what is wrong with it."""

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
    """A schedule file in a project, as it is for a deployment environment.

    Attributes:
        deployment: the environment; empty where the project has none, or the file cannot be read.
    """

    snapshot: Snapshot
    source: SourceFile
    deployment: str

    @cached_property
    def document(self) -> Document | None:
        """What was read of the file; nothing unless it is a mapping."""
        mine = (d for d in self.snapshot.reading.documents if d.source.name == self.source.name)
        return next((document for document in mine if document.deployment == self.deployment), None)

    @cached_property
    def schedule(self) -> Schedule | None:
        """The schedule; nothing where its keys cannot be read. Other errors may be left in it."""
        return next((each for each in self.neighbours if each.source == self.source.name), None)

    @cached_property
    def neighbours(self) -> Sequence[Schedule]:
        """All schedules of the environment, this one too."""
        return self.snapshot.reading.of(self.deployment)

    @property
    def name(self) -> str:
        """The schedule's name, or the stem of a file that cannot be read."""
        return self.document.name if self.document else self.source.path.stem

    @cached_property
    def own(self) -> Sequence[Diagnostic]:
        """What is wrong in the file itself."""
        return [d for d in self.snapshot.diagnostics if d.location.path == self.source.name]

    @cached_property
    def inherited(self) -> Sequence[Diagnostic]:
        """What is wrong in the files on which it rests: its defaults, meltano.yml, the templates, its DAG file."""
        project = self.snapshot.project
        files = [path for path, _ in self.source.defaults]
        files += [
            *meltano_files(project.root, project.meltano_project, self.snapshot.reading.cache),
            project.root / self.dag_file,
        ]
        # The Meltano project may lie beside the project.
        names = {os.path.relpath(path, project.root).replace(os.sep, "/") for path in files}
        templates = PurePosixPath(project.templates.relative_to(project.root))
        return [
            diagnostic
            for diagnostic in self.snapshot.diagnostics
            if (diagnostic.location.path in names and self.snapshot.concerns(diagnostic, self.source.name))
            or templates in PurePosixPath(diagnostic.location.path).parents
        ]

    @property
    def is_sound(self) -> bool:
        """Whether nothing forbids to take the schedule for what it says."""
        return self.schedule is not None and not has_errors([*self.own, *self.inherited])

    @property
    def errors_elsewhere(self) -> int:
        """How many errors of the project are in other files. They block the DAG files of all schedules."""
        known = {*self.own, *self.inherited}
        return sum(diagnostic.is_error for diagnostic in self.snapshot.diagnostics if diagnostic not in known)

    @property
    def dag_file(self) -> str:
        """The DAG file of the schedule, as a path in the project, also of one that cannot be read."""
        return self.snapshot.project.dag_file(self.source.relative, self.deployment)


def environments_of(snapshot: Snapshot, source: SourceFile) -> list[str]:
    """The deployment environments that have a schedule file, in the project's order."""
    mine = {document.deployment for document in snapshot.reading.documents if document.source.name == source.name}
    return [name for name in snapshot.project.deployments if name in mine]
