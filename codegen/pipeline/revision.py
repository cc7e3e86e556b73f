"""Plans a change of schedule files, and of the generated files that depend on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, has_errors
from codegen.loader import Overlay
from codegen.pipeline.generation import generate as generate_all
from codegen.pipeline.reading import Reading
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
    generation = generate_all(project, overlay=overlay, cache=Cache(before.cache))
    schedules = generation.reading.schedules
    diagnostics = generation.diagnostics
    if is_removal := all(text is None for text in overlay.values()):
        # Removing the last schedule is no mistake.
        diagnostics = [d for d in diagnostics if d.code != rules.NO_SCHEDULES.code]
    followers = _followers(project, overlay, [*before.schedules, *schedules])
    files = frozenset(overlay) | followers
    if errors := _errors_of(before, overlay, diagnostics):
        return Revision((), schedules, diagnostics, errors, files)
    changes = [change for name, text in overlay.items() if (change := _change(project, name, text))]
    if generate and (generation.files or is_removal):
        differing, problems = compare(generation.files, project.root, project.generated_dags)
        problems = [problem for problem in problems if problem.location.path in followers]
        if has_errors(problems):
            return Revision((), schedules, [*diagnostics, *problems], problems, files)
        changes += [change for change in differing if change.name in followers]
    return Revision(changes, schedules, diagnostics, (), files)


def _errors_of(before: Reading, overlay: Overlay, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The new errors, and all errors in the changed files."""
    known = set(before.diagnostics)
    brought = [d for d in diagnostics if d.location.path in overlay or d not in known]
    return [d for d in brought if d.is_error]


def _change(project: Project, name: str, after: str | None) -> Change | None:
    path = project.root / name
    return Change.between(name, path.read_bytes().decode("utf-8", "replace") if path.exists() else None, after)


def _followers(project: Project, overlay: Overlay, schedules: Iterable[Schedule]) -> set[str]:
    """The generated files of the changed schedules and of those that depend on them, and the JSON Schema."""
    folder, generated = (PurePosixPath(project.relative(path)) for path in (project.schedules, project.generated_dags))
    own = {PurePosixPath(name).relative_to(folder).with_suffix(".py") for name in overlay}
    trees = [generated / name for name in project.deployments] or [generated]
    changed = [schedule for schedule in schedules if schedule.source in overlay]
    tied = {generated / schedule.dag_file for schedule in schedules if _is_tied(schedule, changed)}
    files = {tree / name for tree in trees for name in own} | tied | {folder / SCHEMA_NAME}
    return {file.as_posix() for file in files}


def _is_tied(schedule: Schedule, changed: Iterable[Schedule]) -> bool:
    """Whether a schedule runs after a changed one, or a changed one after it."""
    own = schedule.after.names if schedule.after else ()
    return any(other.name in own or (other.after and schedule.name in other.after.names) for other in changed)
