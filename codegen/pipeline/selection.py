"""Selects the schedules of a command: all, or the named ones and their dependents."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from codegen.diagnostics import Diagnostic
from codegen.files import text_of
from codegen.loader import SourceFile
from codegen.pipeline.reading import Reading
from codegen.pipeline.scope import Finder, Scope, dag_files, files_by_name
from codegen.project import Project
from codegen.rules import Severity
from codegen.schema import Schedule

# The assets that a DAG file updates or waits for.
_ASSET = re.compile(r'\b(?:Asset|Dataset)\("([^"]*)"\)')


@dataclass(frozen=True)
class Selection:
    """A selection of the schedules of a project.

    Attributes:
        reading: the project, with the diagnostics of the named schedules and their upstream schedules.
        named: the named schedules, in each environment.
        schedules: the schedules to render: all in the DAG files of the named schedules and of their dependents.
        scope: the DAG files of the named schedules, including removed ones; None for the whole project.
        elsewhere: the errors of other schedules.
        blocking: the files with errors that only share a DAG file with a named schedule or its upstream schedules.
    """

    reading: Reading
    named: Sequence[Schedule]
    schedules: Sequence[Schedule]
    scope: Scope | None = None
    elsewhere: Sequence[Diagnostic] = ()
    blocking: Sequence[str] = ()


def select(project: Project, reading: Reading, names: Collection[str]) -> Selection:
    """Select schedules by names and paths, or all of them.

    Raises:
        InvalidError: a name is unknown.
    """
    if not names:
        return Selection(reading, reading.schedules, reading.schedules)
    return select_scope(project, reading, Finder(project, reading).scope_of(names))


def select_scope(project: Project, reading: Reading, scope: Scope) -> Selection:
    """Select the schedules of the DAG files in a scope, and of the files that depend on them."""
    files = {file.name: dag_files(project, file.relative) for file in reading.files}
    inside = {source for source, own in files.items() if any(map(scope.has, own))}
    awaited, waiting = adjacent_files(reading, inside)
    # The files on disk name the schedules that removed or changed schedules waited for.
    dag_ids = _dag_ids_in(project, {*scope.files, *chain.from_iterable(files[source] for source in inside)})
    former = {schedule.source for schedule in reading.schedules if schedule.dag_id_or_default in dag_ids}
    # DAG files are written as a whole.
    of_awaited = {name for source in awaited for name in files[source]}
    needed = {source for source, own in files.items() if not of_awaited.isdisjoint(own)}
    own, elsewhere = _divided(reading, inside, inside | needed)
    faulty = _with_errors(reading, elsewhere)
    kept = {
        deployment: _dag_ids_in(project, (files[source][number] for source in faulty))
        for number, deployment in enumerate(project.deployments or ("",))
    }
    chosen = {name for source in inside | awaited | waiting | former for name in files[source]}
    chosen -= {name for source in faulty for name in files[source]}
    return Selection(
        replace(reading, diagnostics=own, awaited=kept),
        [schedule for schedule in reading.schedules if schedule.source in scope.sources],
        [schedule for schedule in reading.schedules if schedule.dag_file in chosen],
        scope,
        elsewhere,
        sorted({error.location.path for error in own if error.is_error} & (inside | needed) - scope.sources - awaited),
    )


def adjacent_files(reading: Reading, sources: Collection[str]) -> tuple[set[str], set[str]]:
    """Return the files of the upstream and of the downstream schedules of some schedule files."""
    own = [schedule for schedule in reading.schedules if schedule.source in sources]
    awaited = {name for schedule in own if schedule.after for name in schedule.after.names}
    files, names = files_by_name(reading), {schedule.name for schedule in own}
    waiting = (each for each in reading.schedules if each.after and not names.isdisjoint(each.after.names))
    return set().union(*(files.get(name, ()) for name in awaited)), {schedule.source for schedule in waiting}


def _divided(
    reading: Reading, named: Collection[str], needed: Collection[str]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Divide the diagnostics: of the named schedules with the errors of the needed ones, and all other errors."""
    places = {file.name: _places(file) for file in reading.files}
    everywhere = set().union(*places.values())
    elsewhere = {
        Severity.WARNING: everywhere.difference(*(places[source] for source in named)),
        Severity.ERROR: everywhere.difference(*(places[source] for source in needed)),
    }
    own: list[Diagnostic] = []
    others: list[Diagnostic] = []
    for diagnostic in reading.diagnostics:
        (others if diagnostic.location.path in elsewhere[diagnostic.severity] else own).append(diagnostic)
    return own, [diagnostic for diagnostic in others if diagnostic.is_error]


def _with_errors(reading: Reading, errors: Iterable[Diagnostic]) -> set[str]:
    places = {error.location.path for error in errors}
    return {file.name for file in reading.files if not places.isdisjoint(_places(file))}


def _places(file: SourceFile) -> set[str]:
    """Return the source files of a schedule: its own, and the defaults that it inherits."""
    return {file.name, *(name for _, name in file.defaults)}


def _dag_ids_in(project: Project, names: Iterable[str]) -> frozenset[str]:
    """Return the DAG IDs of the assets in the existing generated files."""
    files = filter(project.boundary.has, (project.root / name for name in names))
    return frozenset(found for file in files for found in _ASSET.findall(text_of(file)))
