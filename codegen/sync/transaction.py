"""The transaction that every command and page uses to write to a project."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.files.boundary import Boundary
from codegen.sync.changes import Change
from codegen.sync.lock import lock
from codegen.sync.parts import Action

_TEMPORARY = f".dagpress-{platform.node()}-"


@contextmanager
def transaction(root: Path, seconds: float, on_wait: Callable[[str], None]) -> Iterator[Transaction]:
    """Lock a project, to read it and then apply changes to it.

    The lock covers the git work tree: its projects may share files such as meltano.yml.
    """
    root = root.resolve()
    boundary = Boundary(root)
    with lock(boundary.folder, seconds, on_wait) as share:
        yield Transaction(root, boundary, share)


class Transaction:
    """Write access to a locked project."""

    def __init__(self, root: Path, boundary: Boundary, share: Callable[[], None]) -> None:
        self._root = root
        self._boundary = boundary
        self._share = share

    def admit_hooks(self) -> None:
        """Allow the git hooks of a commit to write; this transaction must not write afterwards."""
        self._share()

    def sweep(self, *folders: Path) -> None:
        """Remove the temporary files of killed commands below some directories."""
        for folder in folders:
            if not self._boundary.refusal(os.path.relpath(folder, self._root)):
                _sweep(parent for parent, _, _ in os.walk(folder))

    def apply(self, changes: Sequence[Change]) -> tuple[Sequence[Change], list[Diagnostic]]:
        """Write all new texts, replace the files, then delete files; return the completed changes and the errors."""
        targets = list(self._targets(changes))
        if refusals := list(self._refusals(changes, targets)):
            return (), refusals
        deleted = [change for change in changes if change.action is Action.DELETE]
        staged = [
            (change, target, target.with_name(f"{_TEMPORARY}{os.getpid()}-{number}.tmp"))
            for number, (change, target) in enumerate(targets)
        ]
        folders = {target.parent for _, target, _ in staged}
        done: list[Change] = []
        try:
            _sweep(folders)
            for change, target, temporary in staged:
                _stage(temporary, target, change.after)
            for change, target, temporary in staged:
                temporary.replace(target)
                done.append(change)
            for change in deleted:
                (self._root / change.name).unlink(missing_ok=True)
                done.append(change)
        except (OSError, UnicodeError) as error:
            message = f"this file cannot be written: {getattr(error, 'strerror', '') or error}"
            hint = "fix the cause and run the command again; no file is partially written"
            return done, [Diagnostic(rules.NOT_WRITTEN, message, Location(change.name), hint)]
        finally:
            _sweep(folders)
            for folder in {(self._root / change.name).parent for change in changes}:
                self._remove_if_empty(folder)
        return changes, []

    def _targets(self, changes: Iterable[Change]) -> Iterator[tuple[Change, Path]]:
        """Yield each new text with the target of its symlink; the symlink stays."""
        folders: dict[str, Path] = {}
        for change in changes:
            if change.action is not Action.DELETE:
                folder, _, file = change.name.rpartition("/")
                if folder not in folders:
                    folders[folder] = Path(os.path.realpath(self._root / folder))
                path = folders[folder] / file
                yield change, Path(os.path.realpath(path)) if path.is_symlink() else path

    def _refusals(self, changes: Sequence[Change], targets: Iterable[tuple[Change, Path]]) -> Iterator[Diagnostic]:
        yield from self._boundary.refusals(change.name for change, _ in targets).values()
        deleted = (change.name for change in changes if change.action is Action.DELETE)
        yield from self._boundary.refusals(deleted, follow=False).values()
        names: dict[Path, str] = {}
        for change, target in targets:
            if names.setdefault(target, change.name) != change.name:
                message = f"a symlink makes this the same file as {quoted(names[target])}"
                hint = "replace the symlink with a separate file or folder"
                yield Diagnostic(rules.NOT_WRITTEN, message, Location(change.name), hint)

    def _remove_if_empty(self, folder: Path) -> None:
        """Remove a directory and its parents while they are empty, except the outermost below the project."""
        while self._root not in {folder, folder.parent}:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _stage(temporary: Path, target: Path, text: str) -> None:
    try:
        temporary.write_bytes(text.encode())
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(text.encode())
    with suppress(FileNotFoundError):
        shutil.copymode(target, temporary)


def _sweep(folders: Iterable[Path | str]) -> None:
    """Remove temporary files, including those of killed processes: the lock excludes other processes on this host."""
    for folder in folders:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(_TEMPORARY) and entry.name.endswith(".tmp"):
                    Path(entry.path).unlink(missing_ok=True)
