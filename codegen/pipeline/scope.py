"""Resolves names and paths to generated files."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from codegen import rules
from codegen.diagnostics import InvalidError, nearest, quoted
from codegen.files import exists, is_folder, text_of
from codegen.loader import DEFAULTS, HIDDEN, SUFFIXES, excludes
from codegen.pipeline.reading import Reading
from codegen.project import Project
from codegen.sync.blocks import names_source
from codegen.text.ids import composed


@dataclass(frozen=True)
class Scope:
    """The files that names and paths select, as paths in the project.

    Attributes:
        files: the generated files.
        folders: the folders of generated files.
        sources: the schedule files.
    """

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Return whether the scope contains a file."""
        folders = (folder.as_posix() for folder in PurePosixPath(name).parents) if self.folders else ()
        return name in self.files or not self.folders.isdisjoint(folders)


def dag_files(project: Project, relative: str) -> list[str]:
    """Return the DAG file of a schedule file in each environment; `relative` is below the schedules folder."""
    return [project.dag_file(relative, name) for name in project.deployments or ("",)]


def files_by_name(reading: Reading) -> Mapping[str, set[str]]:
    """Return the schedule files, including unreadable ones, by the names and DAG IDs of their schedules."""
    files = defaultdict(set)
    known = set()
    for document in reading.documents:
        files[document.name].add(document.source.name)
        known.add(document.source.name)
    for schedule in reading.schedules:
        files[schedule.dag_id_or_default].add(schedule.source)
    for file in reading.files:
        if file.name not in known:
            files[file.path.stem].add(file.name)
    return files


def suggest_name(reading: Reading, name: str, others: Iterable[str] = ()) -> str:
    """Return a hint for an unknown name: the schedule with that file name, or the nearest name."""
    own = next((each.name for each in reading.schedules if PurePosixPath(each.source).stem == name), "")
    return f"did you mean {quoted(own)}?" if own else nearest(name, [*files_by_name(reading), *others])


class Finder:
    """Resolves names and paths in a project.

    A name is the name of a schedule or a DAG ID. A path, relative to the working directory or to the project, is a
    schedule file, a `_defaults.yml`, a generated file or a folder of them; it may have been deleted.
    """

    def __init__(self, project: Project, reading: Reading) -> None:
        self._project = project
        self._reading = reading
        self._relative = {file.name: file.relative for file in reading.files}
        self._dag_files = {file.name: dag_files(project, file.relative) for file in reading.files}
        self._names = files_by_name(reading)

    def scope_of(self, names: Iterable[str]) -> Scope:
        """Return the generated files of some names and paths.

        Raises:
            InvalidError: a name is unknown.
        """
        scopes = [self._scope_of(name) for name in names]
        return Scope(
            frozenset().union(*(scope.files for scope in scopes)),
            frozenset().union(*(scope.folders for scope in scopes)),
            frozenset().union(*(scope.sources for scope in scopes)),
        )

    def _scope_of(self, name: str) -> Scope:
        if sources := self._names.get(name) or self._names.get(composed(name)):
            return self._of(self._relative[source] for source in sources)
        found = (self._at(path) for path in self._paths(name))
        scope = next((scope for scope in found if scope is not None), None)
        if scope is None:
            raise self._unknown(name)
        return scope

    def _unknown(self, name: str) -> InvalidError:
        for each in self._reading.diagnostics:
            path = PurePosixPath(composed(each.location.path))
            if each.code == rules.FILE_NAME.code and composed(name) in {path.stem, path.as_posix()}:
                return InvalidError(f"{quoted(path.as_posix())} is not a schedule: {each.message}", each.hint)
        message = f"unknown schedule, file or folder {quoted(name)}"
        below = PurePosixPath(self._project.relative(self._project.schedules), composed(name))
        if any(below in PurePosixPath(source).parents for source in self._relative):
            return InvalidError(message, f"did you mean {quoted(below.as_posix())}?")
        hint = suggest_name(self._reading, name, self._relative) or "run `dagpress list` to see the schedules"
        return InvalidError(message, hint)

    def _paths(self, name: str) -> Iterator[Path]:
        forms = dict.fromkeys((name, composed(name)))
        for each in (folder / form for form in forms for folder in (Path.cwd(), self._project.root)):
            # The project's own path has no symlinks.
            yield from (Path(os.path.normpath(each)), Path(os.path.realpath(each)))

    def _at(self, path: Path) -> Scope | None:
        schedules, generated = self._project.schedules, self._project.generated_dags
        if path in {schedules, *schedules.parents}:
            return self._of_folder(PurePosixPath())
        if schedules in path.parents:
            return self._below_schedules(path, PurePosixPath(path.relative_to(schedules).as_posix()))
        if path == generated or generated in path.parents:
            name = self._project.relative(path)
            if is_folder(path):
                return self._generating(Scope(folders=frozenset({name})))
            scope = self._generating(Scope(frozenset({name})))
            return scope if scope.sources or exists(path) else None
        return None

    def _below_schedules(self, path: Path, relative: PurePosixPath) -> Scope | None:
        below = self._of_folder(relative)
        is_generated = any(is_folder(self._project.root / each) for each in below.folders)
        is_generated = is_generated or self._name_source(below.files, f"{self._project.relative(path)}/")
        if is_folder(path) or is_generated:
            if not is_generated:
                self._refuse_hidden(relative, relative.parts)
            return below
        if relative.suffix.lower() not in SUFFIXES:
            return Scope() if exists(path) else None
        if relative.stem == DEFAULTS:
            self._refuse_hidden(relative, relative.parts[:-1])
            return self._of(each for each in self._relative.values() if relative.parent in PurePosixPath(each).parents)
        scope = self._of([relative.as_posix()])
        if self._name_source(scope.files, self._project.relative(path)):
            return scope
        if exists(path):
            self._refuse_hidden(relative, relative.parts)
            return scope
        return None

    def _refuse_hidden(self, relative: PurePosixPath, parts: Sequence[str]) -> None:
        """Refuse a path that is hidden or excluded."""
        path = self._project.relative(self._project.schedules / relative)
        if hidden := next((part for part in parts if part.startswith(HIDDEN)), None):
            message = f"{quoted(path)} is not a schedule: {quoted(hidden)} starts with `{hidden[0]}`"
            raise InvalidError(message, "rename it to generate DAG files for it")
        if excludes(self._project.exclude, relative):
            raise InvalidError(f"{quoted(path)} is not a schedule: the configuration excludes it", "change `exclude`")

    def _name_source(self, files: Iterable[str], source: str) -> bool:
        """Return whether any of the generated files names a schedule file or folder, which may have been deleted."""
        paths = filter(self._project.boundary.has, (self._project.root / name for name in files))
        return any(names_source(text_of(path), source) for path in paths)

    def _of(self, relatives: Iterable[str]) -> Scope:
        """Return the scope of schedule files, which may have been deleted."""
        relatives = list(relatives)
        files = (name for each in relatives for name in dag_files(self._project, each))
        schedules = self._project.schedules
        sources = (self._project.relative(schedules / each) for each in relatives)
        return Scope(frozenset(files), sources=frozenset(sources))

    def _of_folder(self, relative: PurePosixPath) -> Scope:
        """Return the scope of a folder of schedules, which may have been deleted."""
        inside = (each for each in self._relative.values() if relative in PurePosixPath(each).parents)
        generated = PurePosixPath(self._project.relative(self._project.generated_dags))
        folders = ((generated / name / relative).as_posix() for name in self._project.deployments or ("",))
        files = dag_files(self._project, (relative / "any.yml").as_posix())
        return Scope(frozenset(files), frozenset(folders), self._of(inside).sources)

    def _generating(self, scope: Scope) -> Scope:
        """Add the schedule files to a scope of generated files and folders."""
        sources = (source for source, own in self._dag_files.items() if any(map(scope.has, own)))
        return replace(scope, sources=frozenset(sources))
