"""The one transaction through which every command and page writes into a project."""

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
    """Lock a project, as `lock` does, to read it and then apply changes to it.

    The lock is that of the git work tree, where another project may share files such as meltano.yml.
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
        """Let the git hooks of a commit write; this transaction must not write afterwards."""
        self._share()

    def sweep(self, *folders: Path) -> None:
        """Remove the temporary files of killed commands below some folders."""
        for folder in folders:
            if not self._boundary.refusal(os.path.relpath(folder, self._root)):
                _sweep(parent for parent, _, _ in os.walk(folder))

    def apply(self, changes: Sequence[Change]) -> tuple[Sequence[Change], list[Diagnostic]]:
        """Write all new texts, then replace the files, then delete; returns the changes made, and the errors."""
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
            message = f"cannot be written: {getattr(error, 'strerror', '') or error}"
            hint = "fix that and run it again: a file is replaced as a whole or not at all"
            return done, [Diagnostic(rules.NOT_WRITTEN, message, Location(change.name), hint)]
        finally:
            _sweep(folders)
            for folder in {(self._root / change.name).parent for change in changes}:
                self._remove_if_empty(folder)
        return changes, []

    def _targets(self, changes: Iterable[Change]) -> Iterator[tuple[Change, Path]]:
        """Each new text with the file behind a symlink, which stays a symlink."""
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
                message = f"by a symlink, this is the same file as {quoted(names[target])}"
                hint = "replace the symlink with a file or directory of its own"
                yield Diagnostic(rules.NOT_WRITTEN, message, Location(change.name), hint)

    def _remove_if_empty(self, folder: Path) -> None:
        """Remove a folder, and those around it, as far as they are empty; the outermost stays."""
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
    """Remove temporary files, also those of a killed process: nobody else on this host has the lock."""
    for folder in folders:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(_TEMPORARY) and entry.name.endswith(".tmp"):
                    Path(entry.path).unlink(missing_ok=True)
