"""Plans a change of schedule files and of the generated files that depend on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, has_errors
from codegen.files import exists, read_bytes
from codegen.loader import Overlay
from codegen.pipeline.generation import generate_selection
from codegen.pipeline.reading import Reading, read
from codegen.pipeline.scope import Scope, dag_files
from codegen.pipeline.selection import adjacent_files, select, select_scope
from codegen.project import Project
from codegen.schema.export import SCHEMA_NAME
from codegen.sync.changes import Change
from codegen.sync.comparison import compare


@dataclass(frozen=True)
class Revision:
    """A planned change of schedule files.

    Attributes:
        changes: empty if there are errors.
        reading: the project after the change.
        diagnostics: the diagnostics after the change; with errors elsewhere, of the changed schedules and their
            upstream schedules.
        errors: the errors that block the change.
        files: the schedule files and the generated files that depend on them, including unchanged ones.
        elsewhere: the errors in other schedules.
    """

    changes: Sequence[Change]
    reading: Reading
    diagnostics: list[Diagnostic]
    errors: Sequence[Diagnostic]
    files: frozenset[str]
    elsewhere: Sequence[Diagnostic] = ()


def revise(project: Project, before: Reading, overlay: Overlay, *, generate: bool = True) -> Revision:
    """Plan a change of schedule files; writes nothing.

    A new error blocks the change. An old error in another file does not; if it is in an upstream schedule of a changed
    one, the generated files are not changed until it is fixed.
    """
    reading = read(project, overlay, cache=Cache(before.cache))
    is_removal = all(text is None for text in overlay.values())
    if is_removal:
        # Removing the last schedule is allowed.
        kept = [d for d in reading.diagnostics if d.code != rules.NO_SCHEDULES.code]
        reading = replace(reading, diagnostics=kept)
    own = _own_files(project, overlay)
    selection = select(project, reading, ())
    if has_errors(reading.diagnostics):
        selection = select_scope(project, reading, Scope(own, sources=frozenset(overlay)))
    generation = generate_selection(project, selection)
    errors = _errors_of(before, overlay, [*generation.diagnostics, *selection.elsewhere])
    diagnostics = list(dict.fromkeys([*generation.diagnostics, *errors]))
    elsewhere = [error for error in selection.elsewhere if error not in errors]
    followers = own | _followers(project, overlay, before, reading)
    files = frozenset(overlay) | followers

    def revision(changes: Sequence[Change], found: list[Diagnostic], errors: Sequence[Diagnostic] = ()) -> Revision:
        return Revision(changes, reading, found, errors, files, elsewhere)

    if errors:
        return revision((), diagnostics, errors)
    changes = [change for name, text in overlay.items() if (change := _change(project, name, text))]
    if generate and not has_errors(diagnostics):
        wanted = {name: text for name, text in generation.files.items() if name in followers}
        differing, problems = compare(wanted, project.root, project.generated_dags, own.__contains__)
        if has_errors(problems):
            return revision((), [*diagnostics, *problems], problems)
        changes += differing
    return revision(changes, diagnostics)


def _errors_of(before: Reading, overlay: Overlay, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the new errors, and all errors in the changed files."""
    known = set(before.diagnostics)
    brought = [d for d in diagnostics if d.location.path in overlay or d not in known]
    return [d for d in brought if d.is_error]


def _change(project: Project, name: str, after: str | None) -> Change | None:
    return Change.between(name, _text_of(project.root / name), after)


def _text_of(path: Path) -> str | None:
    """Return the text of a schedule file; empty for an unreadable file, which can only be removed."""
    try:
        return read_bytes(path).decode("utf-8", "replace") if exists(path) else None
    except OSError:
        return ""


def _followers(project: Project, overlay: Overlay, *readings: Reading) -> frozenset[str]:
    """Return the generated files of the changed schedules' upstream and downstream schedules, and the schema."""
    sources = set().union(*chain.from_iterable(adjacent_files(reading, overlay) for reading in readings))
    return _own_files(project, sources) | {project.relative(project.schedules / SCHEMA_NAME)}


def _own_files(project: Project, sources: Iterable[str]) -> frozenset[str]:
    folder = project.relative(project.schedules)
    relatives = (PurePosixPath(source).relative_to(folder).as_posix() for source in sources)
    return frozenset(name for relative in relatives for name in dag_files(project, relative))
