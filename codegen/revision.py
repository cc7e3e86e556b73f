"""What has to be written where schedule files change: those files, and the generated files that follow them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from codegen import pipeline
from codegen.diagnostics import Diagnostic, has_errors
from codegen.schema.export import SCHEMA_NAME
from codegen.sync import Action, Change, compare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codegen.loader import Overlay
    from codegen.project import Project


def revise(project: Project, overlay: Overlay, *, generate: bool = True) -> tuple[list[Change], list[Diagnostic]]:
    """Plan a change of schedule files; nothing is written.

    An error that the change brings forbids it. One that was there before, in another file, does not: then the schedule
    files change, and the generated files wait until it is mended.

    Args:
        project: the project.
        overlay: the text that each schedule file gets, by its path in the project; None where it goes.
        generate: whether the generated files follow.

    Returns:
        The changes, which are none where the change is forbidden; and all that is wrong with the project after them.
    """
    generation = pipeline.generate(project, overlay=overlay)
    diagnostics = generation.diagnostics
    if is_removal := all(text is None for text in overlay.values()):
        # That there is no schedule left is no mistake of somebody who removes the last.
        diagnostics = [d for d in diagnostics if d.code != "no-schedules"]
    if has_errors(_brought_by(project, overlay, diagnostics)):
        return [], diagnostics
    changes = [change for name, text in overlay.items() if (change := _change(project, name, text))]
    if generate and (generation.files or is_removal):
        followers = _followers(project, overlay)
        differing, problems = compare(generation.files, project.root, project.generated_dags)
        problems = [problem for problem in problems if problem.location.path in followers]
        if has_errors(problems):
            return [], [*diagnostics, *problems]
        changes += [change for change in differing if change.name in followers]
    return changes, diagnostics


def _brought_by(project: Project, overlay: Overlay, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What was not wrong before, and all that is wrong with the files themselves."""
    before = set(pipeline.read(project).diagnostics)
    return [d for d in diagnostics if d.location.path in overlay or d not in before]


def _change(project: Project, name: str, after: str | None) -> Change | None:
    path = project.root / name
    before = path.read_bytes().decode("utf-8", "replace") if path.exists() else None
    if before == after:
        return None
    action = Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE
    return Change(name, action, before or "", after or "")


def _followers(project: Project, overlay: Overlay) -> set[str]:
    """The generated files of those schedule files, and the JSON Schema beside them."""
    schedules = project.schedules.relative_to(project.root)
    generated = project.generated_dags.relative_to(project.root)
    names = {PurePosixPath(name).relative_to(schedules).with_suffix(".py") for name in overlay}
    return {(generated / name).as_posix() for name in names} | {(schedules / SCHEMA_NAME).as_posix()}
