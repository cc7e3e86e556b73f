"""The one transaction through which every command and page writes into a project."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.sync.boundary import Boundary
from codegen.sync.changes import Action, Change
from codegen.sync.lock import lock

_TEMPORARY = f".dagpress-{platform.node()}-"


@contextmanager
def transaction(root: Path, seconds: float, on_wait: Callable[[str], None]) -> Iterator[Transaction]:
    """Lock a project, as `lock` does, to read it and then apply changes to it."""
    root = root.resolve()
    with lock(root, seconds, on_wait):
        yield Transaction(root)


class Transaction:
    """A project that is locked, and can be written."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def apply(self, changes: Sequence[Change]) -> tuple[Sequence[Change], list[Diagnostic]]:
        """Write all new texts, then replace the files, then delete; returns the changes made, and the errors."""
        boundary = Boundary(self._root)
        found = (boundary.refusal(change.name, follow=change.action is not Action.DELETE) for change in changes)
        if refusals := [refusal for refusal in found if refusal]:
            return (), refusals
        deleted = [change for change in changes if change.action is Action.DELETE]
        staged = []
        for number, change in enumerate(changes):
            if change.action is not Action.DELETE:
                # The file behind a symlink is written: the link stays.
                target = Path(os.path.realpath(self._root / change.name))
                staged.append((change, target, target.with_name(f"{_TEMPORARY}{os.getpid()}-{number}.tmp")))
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

    def _remove_if_empty(self, folder: Path) -> None:
        """Remove a folder, and those around it, as far as they are empty; the outermost stays."""
        while self._root not in {folder, folder.parent}:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _stage(temporary: Path, target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(text.encode())
    if target.exists():
        shutil.copymode(target, temporary)


def _sweep(folders: Iterable[Path]) -> None:
    """Remove temporary files, also those of a killed process: nobody else on this host has the lock."""
    for folder in folders:
        with suppress(OSError):
            for temporary in folder.glob(f"{_TEMPORARY}*.tmp"):
                temporary.unlink(missing_ok=True)
