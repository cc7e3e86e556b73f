"""What has to be written where schedule files change: those files, and the generated files that follow them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, Location, has_errors
from codegen.pipeline.generation import generate as generate_all
from codegen.rules import Severity
from codegen.schema.export import SCHEMA_NAME
from codegen.sync.files import Change, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codegen.loader import Overlay
    from codegen.pipeline.reading import Reading
    from codegen.project import Project
    from codegen.schema import Schedule


@dataclass(frozen=True)
class Revision:
    """What a change of schedule files comes to.

    Attributes:
        changes: what is to be written; none where the change is forbidden.
        schedules: all of them, as they are afterwards.
        diagnostics: all that is wrong with the project afterwards.
        errors: those that forbid the change; empty where it is allowed.
        files: the schedule files and the generated files that follow them, whether or not they change.
    """

    changes: Sequence[Change]
    schedules: Sequence[Schedule]
    diagnostics: list[Diagnostic]
    errors: Sequence[Diagnostic]
    files: frozenset[str]


def revise(project: Project, before: Reading, overlay: Overlay, *, generate: bool = True) -> Revision:
    """Plan a change of schedule files; nothing is written.

    An error that the change brings forbids it. One that was there before, in another file, does not: then the schedule
    files change, and the generated files wait until it is mended.

    Args:
        project: the project.
        before: the project as it is.
        overlay: the text that each schedule file gets, by its path in the project; None where it goes.
        generate: whether the generated files follow.
    """
    generation = generate_all(project, overlay=overlay, cache=Cache(before.cache))
    diagnostics = generation.diagnostics
    if is_removal := all(text is None for text in overlay.values()):
        # That there is no schedule left is no mistake of somebody who removes the last.
        diagnostics = [d for d in diagnostics if d.code != rules.NO_SCHEDULES.code]
    diagnostics = [*diagnostics, *_check_links(project, overlay)]
    followers = _followers(project, overlay, [*before.schedules, *generation.schedules])
    files = frozenset(overlay) | followers
    if errors := _errors_of(before, overlay, diagnostics):
        return Revision((), generation.schedules, diagnostics, errors, files)
    changes = [change for name, text in overlay.items() if (change := _change(project, name, text))]
    if generate and (generation.files or is_removal):
        differing, problems = compare(generation.files, project.root, project.generated_dags)
        problems = [problem for problem in problems if problem.location.path in followers]
        if has_errors(problems):
            return Revision((), generation.schedules, [*diagnostics, *problems], problems, files)
        changes += [change for change in differing if change.name in followers]
    return Revision(changes, generation.schedules, diagnostics, (), files)


def _errors_of(before: Reading, overlay: Overlay, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The errors that the change brings: those that were not there before, and all that the files themselves have."""
    known = set(before.diagnostics)
    brought = [d for d in diagnostics if d.location.path in overlay or d not in known]
    return [d for d in brought if d.severity is Severity.ERROR]


def _check_links(project: Project, overlay: Overlay) -> Iterator[Diagnostic]:
    """A file behind a link is changed in its own place, which must be in the project."""
    for name, after in overlay.items():
        path = project.root / name
        if after is not None and path.is_symlink() and project.root.resolve() not in path.resolve().parents:
            message = "this symlink points outside the project"
            yield Diagnostic(rules.UNREADABLE, message, Location(name), "change the file behind it by hand")


def _change(project: Project, name: str, after: str | None) -> Change | None:
    path = project.root / name
    return Change.between(name, path.read_bytes().decode("utf-8", "replace") if path.exists() else None, after)


def _followers(project: Project, overlay: Overlay, schedules: Iterable[Schedule]) -> set[str]:
    """The generated files of those schedule files and of what is tied to them, and the JSON Schema beside them.

    Args:
        project: the project.
        overlay: the schedule files that change.
        schedules: all schedules, as they are before and afterwards.
    """
    folder = project.schedules.relative_to(project.root)
    generated = project.generated_dags.relative_to(project.root)
    own = {PurePosixPath(name).relative_to(folder).with_suffix(".py") for name in overlay}
    trees = [generated / name for name in project.environments] or [generated]
    changed = [schedule for schedule in schedules if schedule.source in overlay]
    tied = {generated / schedule.dag_file for schedule in schedules if _is_tied(schedule, changed)}
    files = {tree / name for tree in trees for name in own} | tied | {folder / SCHEMA_NAME}
    return {file.as_posix() for file in files}


def _is_tied(schedule: Schedule, changed: Iterable[Schedule]) -> bool:
    """Whether it waits for one that changes, or such a one for it: its file may say so no more."""
    own = schedule.after.names if schedule.after else ()
    return any(other.name in own or (other.after and schedule.name in other.after.names) for other in changed)
