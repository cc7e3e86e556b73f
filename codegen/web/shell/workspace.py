"""Snapshots of the project on disk, cached until its files change."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from codegen import pipeline, rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, Location, has_errors
from codegen.files import Stamp, is_folder, stamp_of, walk
from codegen.loader import SourceFile
from codegen.meltano import meltano_files, name_of
from codegen.pipeline import Reading
from codegen.project import Project, read_project
from codegen.review.drift import compare_with_disk
from codegen.sync.changes import Change
from codegen.sync.dag_code import CodeChange, code_of
from codegen.sync.lock import LockedError
from codegen.sync.transaction import Transaction, transaction
from codegen.web.shell.operations import Operation, Operations

T = TypeVar("T")

_LOCK_SECONDS = 10
_SNAPSHOTS_OF_A_COLLECTION = 20
_BYTE_CODE = f"{os.sep}__pycache__{os.sep}"


class BrokenProjectError(Exception):
    """The configuration of the project has errors, so the pages can show only these errors."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("the configuration has errors")
        self.diagnostics = diagnostics


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A project at one point in time.

    Attributes:
        changes: the changes that `generate` would make; empty if the files could not be rendered.
        diagnostics: all diagnostics, including those of generated files.
        is_compared: whether the files were rendered and compared, so that the changes are known.
    """

    project: Project
    reading: Reading
    changes: Sequence[Change]
    diagnostics: Sequence[Diagnostic]
    is_compared: bool
    _results: dict[object, Any] = field(default_factory=dict, repr=False)

    def cached(self, function: Callable[..., T], *arguments: Hashable) -> T:
        """Call a function with the snapshot and hashable arguments, and cache the result.

        The reading's cache cannot be used, since it would contain a reference to the snapshot.
        """
        key = function, arguments
        if key not in self._results:
            self._results[key] = function(self, *arguments)
        result: T = self._results[key]
        return result

    @cached_property
    def sources(self) -> Mapping[str, SourceFile]:
        """All schedule files by their path relative to the schedules folder, including unreadable files."""
        return {file.relative: file for file in self.reading.files}

    def change_of(self, name: str, source: str) -> CodeChange | None:
        """Return the change that `generate` would make in the DAG file `name` to the code of a schedule file."""
        if not (change := self._changes.get(name)):
            return None
        before, after = (code_of(text, source) for text in (change.before, change.after))
        return None if before and after and before.is_like(after) else CodeChange(before, after)

    def concerns(self, diagnostic: Diagnostic, source: str) -> bool:
        """Return whether a diagnostic of a shared DAG file concerns one schedule, and not only the code of another."""
        change = self._changes.get(diagnostic.location.path)
        code = code_of(change.after, source) if change else None
        return code is None or diagnostic.location.line in {1, *code.lines}

    @cached_property
    def included_files(self) -> Collection[str]:
        """The files that schedules include with `$f`, as paths in the project."""
        return self.reading.included_files({file.name for file in self.reading.files})

    @cached_property
    def _changes(self) -> Mapping[str, Change]:
        return {change.name: change for change in self.changes}


class Workspace:
    """Reads and writes a project for concurrent requests. Thread-safe."""

    def __init__(self, root: Path) -> None:
        """Use the project in a directory, without reading it yet."""
        self.root = root.resolve()
        self._lock = Lock()
        self._snapshot: Snapshot | None = None
        self._cache = Cache()
        self._taken = 0
        self.operations = Operations()

    def transaction(self, operation: Operation | None = None) -> AbstractContextManager[Transaction]:
        """Start a transaction, the only way to write into the project, for a request or a background operation.

        Raises:
            LockedError: another operation or process holds the lock for too long.
        """
        if (slow := self.operations.slow) and slow is not operation:
            raise LockedError(slow.reason)
        return transaction(self.root, _LOCK_SECONDS, lambda _: None)

    def snapshot(self) -> Snapshot:
        """Return the current project.

        Raises:
            BrokenProjectError: the configuration cannot be read.
        """
        with self._lock:
            project, latest = self._project(), self._snapshot
            stamps = _stamps(project, latest.included_files if latest else (), self._cache)
            if latest is None or stamps != self._cache.stamps:
                if latest and latest.is_compared:
                    # Unused results belong to removed files, unless an error prevented the rendering.
                    self._cache.forget_earlier()
                cache = Cache(self._cache, stamps)
                latest = _take(project, cache)
                self._snapshot, self._cache = latest, cache
                self._free_memory()
            return latest

    def _free_memory(self) -> None:
        """Collect garbage among the objects since the last snapshot, and only occasionally among all objects.

        With 1,000 schedules, a full collection takes longer than the snapshot, and Python would run it more often.
        """
        self._taken += 1
        if self._taken % _SNAPSHOTS_OF_A_COLLECTION == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()

    def _project(self) -> Project:
        if not is_folder(self.root):
            # Otherwise a save would create a new project in its place.
            problem = Diagnostic(rules.UNREADABLE, "the project directory was removed", Location("."), "restore it")
            raise BrokenProjectError([problem])
        project, diagnostics = read_project(self.root)
        if project is None:
            raise BrokenProjectError(diagnostics)
        return project


def _take(project: Project, cache: Cache) -> Snapshot:
    generation = pipeline.generate(project, pipeline.read(project, cache=cache))
    changes, diagnostics = compare_with_disk(project, generation)
    is_compared = not has_errors(generation.diagnostics)
    return Snapshot(project, generation.reading, changes, diagnostics, is_compared)


def _stamps(project: Project, others: Iterable[str], cache: Cache) -> dict[str, Stamp]:
    """Return the stamps of all files that a snapshot depends on, including `others`, by their path in the project."""
    start, stamps = len(f"{project.root / '_'}") - 1, dict[str, Stamp]()
    for folder in (project.schedules, project.templates, project.generated_dags):
        for entry in walk(folder, project.boundary):
            if _BYTE_CODE not in entry.path:
                stamps[entry.path[start:].replace(os.sep, "/")] = stamp_of(entry)
    main = name_of(project.root, project.meltano_project / "meltano.yml")
    stamps |= {name: stamp_of(project.root / name) for name in ("dagpress.toml", "pyproject.toml", main, *others)}
    # The cached meltano.yml is current if its stamp is unchanged.
    included = meltano_files(project.root, project.meltano_project, cache)
    return stamps | {name_of(project.root, path): stamp_of(path) for path in included}
