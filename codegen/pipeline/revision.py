"""Plans a change of schedule files, and of the generated files that depend on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, has_errors
from codegen.loader import Overlay
from codegen.pipeline.generation import generate as generate_all
from codegen.pipeline.reading import Reading, read
from codegen.pipeline.scope import dag_files
from codegen.pipeline.selection import neighbours
from codegen.project import Project
from codegen.schema import Schedule
from codegen.schema.export import SCHEMA_NAME
from codegen.sync.changes import Change
from codegen.sync.comparison import compare


@dataclass(frozen=True)
class Revision:
    """A planned change of schedule files.

    Attributes:
        changes: empty if there are errors.
        schedules: all schedules after the change.
        diagnostics: those of the whole project after the change.
        errors: those that forbid the change.
        files: the schedule files and the generated files that depend on them, also unchanged ones.
    """

    changes: Sequence[Change]
    schedules: Sequence[Schedule]
    diagnostics: list[Diagnostic]
    errors: Sequence[Diagnostic]
    files: frozenset[str]


def revise(project: Project, before: Reading, overlay: Overlay, *, generate: bool = True) -> Revision:
    """Plan a change of schedule files; nothing is written.

    A new error forbids the change. With an older error in another file, the schedule files change, and the generated
    files wait until it is fixed.
    """
    generation = generate_all(project, read(project, overlay, cache=Cache(before.cache)))
    schedules = generation.reading.schedules
    diagnostics = generation.diagnostics
    if is_removal := all(text is None for text in overlay.values()):
        # Removing the last schedule is no mistake.
        diagnostics = [d for d in diagnostics if d.code != rules.NO_SCHEDULES.code]
    followers = _followers(project, overlay, before, generation.reading)
    files = frozenset(overlay) | followers
    if errors := _errors_of(before, overlay, diagnostics):
        return Revision((), schedules, diagnostics, errors, files)
    changes = [change for name, text in overlay.items() if (change := _change(project, name, text))]
    if generate and (generation.files or is_removal):
        wanted = {name: text for name, text in generation.files.items() if name in followers}
        differing, problems = compare(wanted, project.root, project.generated_dags, followers.__contains__)
        if has_errors(problems):
            return Revision((), schedules, [*diagnostics, *problems], problems, files)
        changes += differing
    return Revision(changes, schedules, diagnostics, (), files)


def _errors_of(before: Reading, overlay: Overlay, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The new errors, and all errors in the changed files."""
    known = set(before.diagnostics)
    brought = [d for d in diagnostics if d.location.path in overlay or d not in known]
    return [d for d in brought if d.is_error]


def _change(project: Project, name: str, after: str | None) -> Change | None:
    path = project.root / name
    return Change.between(name, path.read_bytes().decode("utf-8", "replace") if path.exists() else None, after)


def _followers(project: Project, overlay: Overlay, *readings: Reading) -> set[str]:
    """The generated files of the changed schedules and of those that depend on them, and the JSON Schema."""
    sources = set(overlay).union(*chain.from_iterable(neighbours(reading, overlay) for reading in readings))
    folder = PurePosixPath(project.relative(project.schedules))
    relatives = (PurePosixPath(source).relative_to(folder).as_posix() for source in sources)
    own = {name for relative in relatives for name in dag_files(project, relative)}
    return own | {(folder / SCHEMA_NAME).as_posix()}
