"""Finds the schedule files of a project, and the defaults that each inherits."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, printable, quoted
from codegen.rules import Rule

# Texts that replace those of schedule files, by their paths in the project; None for a deleted file.
Overlay = Mapping[str, str | None]

SUFFIXES = (".yml", ".yaml")
DEFAULTS = "_defaults"


@dataclass(frozen=True)
class SourceFile:
    """A schedule file, its path in the project and below the folder of schedules, and the files of defaults above it.

    The paths have forward slashes. The outermost defaults come first, each with its path in the project.
    """

    path: Path
    name: str
    relative: str
    defaults: tuple[tuple[Path, str], ...]


def find_schedules(
    root: Path, folder: Path, overlay: Overlay | None = None, exclude: tuple[str, ...] = ()
) -> tuple[list[SourceFile], list[Diagnostic]]:
    """Find every schedule file below a folder of a project, sorted by path, without hidden and excluded ones."""
    search = _Search(root, folder, overlay or {}, exclude)
    if not search.is_folder(folder):
        message = f"the folder {quoted(search.name(folder))} does not exist"
        search.error(rules.NO_SCHEDULES, folder, message, "create it, or set `schedules` in the configuration")
        return [], search.diagnostics
    search.walk(folder, (), frozenset())
    if not search.files and not search.diagnostics:
        hint = "add a file such as `NAME.yml`; nothing is deleted while there is none"
        search.error(rules.NO_SCHEDULES, folder, "the folder contains no schedules", hint)
    return search.files, search.diagnostics


def excludes(patterns: tuple[str, ...], relative: PurePath, *, is_folder: bool = False) -> bool:
    """Whether gitignore patterns match a path below the folder of schedules, or a folder that contains it."""
    if not patterns:
        return False
    # A pattern that ends in a slash matches only folders.
    names = [f"{folder.as_posix()}/" for folder in relative.parents if folder.name]
    names.append(relative.as_posix() + "/" * is_folder)
    return any(map(_matcher(patterns), names))


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    # It takes 15 ms to import, and few projects need it.
    from pathspec import GitIgnoreSpec  # noqa: PLC0415

    return GitIgnoreSpec.from_lines(patterns).match_file


class _Search:
    def __init__(self, root: Path, folder: Path, overlay: Overlay, exclude: tuple[str, ...]) -> None:
        self._root = root
        self._folder = folder
        self._exclude = exclude
        self._written = {root / name for name, text in overlay.items() if text is not None}
        self._deleted = {root / name for name, text in overlay.items() if text is None}
        self.files: list[SourceFile] = []
        self.diagnostics: list[Diagnostic] = []

    def name(self, path: Path) -> str:
        try:
            return path.relative_to(self._root).as_posix()
        except ValueError:
            return path.as_posix()

    def is_folder(self, path: Path) -> bool:
        try:
            return path.is_dir() or any(path in written.parents for written in self._written)
        except OSError:
            return False

    def _children(self, folder: Path) -> list[Path]:
        """The files and folders in a folder, with the overlay; raises an OSError if it is unreadable."""
        found = set(folder.iterdir()) if folder.exists() else set()
        added = {folder / path.relative_to(folder).parts[0] for path in self._written if folder in path.parents}
        return sorted(path for path in (found | added) - self._deleted if not self._is_excluded(path))

    def _is_excluded(self, path: Path) -> bool:
        is_folder = bool(self._exclude) and self.is_folder(path)
        # A file of defaults is not a schedule: it is excluded only with its folder.
        is_excludable = is_folder or path.stem != DEFAULTS
        return is_excludable and excludes(self._exclude, path.relative_to(self._folder), is_folder=is_folder)

    def walk(self, folder: Path, inherited: tuple[tuple[Path, str], ...], above: frozenset[str]) -> None:
        real = os.path.realpath(folder)
        if real in above:
            self.error(rules.SYMLINK_LOOP, folder, "this symlink points to a folder above it", "remove the symlink")
            return
        try:
            children = self._children(folder)
        except OSError as error:
            self.error(rules.UNREADABLE, folder, f"cannot be read: {error.strerror}")
            return
        own = [child for child in children if child.suffix.lower() in SUFFIXES and child.stem == DEFAULTS]
        defaults = inherited + tuple((file, self.name(file)) for file in own)
        if len(defaults) > len(inherited) + 1:
            message = "this folder has a `_defaults.yml` and a `_defaults.yaml`"
            self.error(rules.DUPLICATE_DEFAULTS, defaults[-1][0], message, "keep one")
        for child in children:
            is_folder = self.is_folder(child)
            is_schedule = child.suffix.lower() in SUFFIXES and child.stem != DEFAULTS
            if child.name.startswith(".") or not (is_folder or is_schedule):
                continue
            if printable(child.name) != child.name:
                # A line break, a bidirectional control or bytes that are not text cannot be reviewed.
                self.error(rules.FILE_NAME, child, "this name contains invisible characters", "rename it")
            elif is_folder:
                self.walk(child, defaults, above | {real})
            else:
                relative = child.relative_to(self._folder).as_posix()
                self.files.append(SourceFile(child, self.name(child), relative, defaults))

    def error(self, rule: Rule, path: Path, message: str, hint: str = "") -> None:
        self.diagnostics.append(Diagnostic(rule, message, Location(self.name(path)), hint))
