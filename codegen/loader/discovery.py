"""Finds the schedule files of a project, and the defaults that each inherits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, closest, printable, quoted
from codegen.rules import Rule
from codegen.text.ids import composed, file_key

# Texts that replace those of schedule files, by their paths in the project; None for a deleted file.
Overlay = Mapping[str, str | None]

SUFFIXES = (".yml", ".yaml")
DEFAULTS = "_defaults"
# Files and folders with these prefixes contain no schedules.
HIDDEN = (".", "_")


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
    """Find every schedule file below a folder of a project, sorted by path, without `HIDDEN` and excluded ones."""
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


def without_a_match(patterns: tuple[str, ...], folder: Path) -> list[str]:
    """The gitignore patterns that match nothing below a folder."""
    left = list(patterns)
    for parent, folders, files in os.walk(folder) if patterns else ():
        relative = Path(parent).relative_to(folder)
        found = [(relative / name, name in folders) for name in (*folders, *files)]
        left = [
            pattern
            for pattern in left
            if not any(excludes((pattern.removeprefix("!"),), path, is_folder=is_folder) for path, is_folder in found)
        ]
        if not left:
            break
    return left


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    # It takes 15 ms to import, and few projects need it.
    from pathspec import GitIgnoreSpec  # noqa: PLC0415

    return GitIgnoreSpec.from_lines(patterns).match_file


def _composed(path: Path) -> Path:
    """The path with its name in Unicode's composed form (NFC), if that is the same file, as on macOS."""
    same = path.with_name(composed(path.name))
    return same if same.name != path.name and same.exists() and same.samefile(path) else path


class _Search:
    def __init__(self, root: Path, folder: Path, overlay: Overlay, exclude: tuple[str, ...]) -> None:
        self._root = root
        self._folder = folder
        self._exclude = exclude
        # The files and folders that the overlay adds to each folder.
        self._added: dict[Path, set[Path]] = {}
        for name, text in overlay.items():
            if text is not None:
                self._add(root / name)
        self._deleted = {root / name for name, text in overlay.items() if text is None}
        self.files: list[SourceFile] = []
        self.diagnostics: list[Diagnostic] = []

    def _add(self, path: Path) -> None:
        """Add a path to its folder, and each folder to its parent, up to the folder of schedules."""
        while path not in {self._folder, path.parent}:
            siblings = self._added.setdefault(path.parent, set())
            if path in siblings:
                return
            siblings.add(path)
            path = path.parent

    def name(self, path: Path) -> str:
        try:
            return path.relative_to(self._root).as_posix()
        except ValueError:
            return path.as_posix()

    def is_folder(self, path: Path) -> bool:
        try:
            return path in self._added or path.is_dir()
        except OSError:
            return False

    def _children(self, folder: Path) -> list[Path]:
        """The files and folders in a folder, with the overlay; raises an OSError if it is unreadable."""
        found = set(map(_composed, folder.iterdir())) if folder.exists() else set()
        found |= self._added.get(folder, set())
        return sorted(path for path in found - self._deleted if not self._is_excluded(path))

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
        files = dict.fromkeys(child for child in children if child.suffix.lower() in SUFFIXES)
        defaults = inherited + tuple((file, self.name(file)) for file in files if file.stem == DEFAULTS)
        if len(defaults) > len(inherited) + 1:
            message = "this folder has a `_defaults.yml` and a `_defaults.yaml`"
            self.error(rules.DUPLICATE_DEFAULTS, defaults[-1][0], message, "keep one")
        self._check_defaults(files)
        owners: dict[str, Path] = {}
        for child in children:
            is_folder = self.is_folder(child)
            if child.name.startswith(HIDDEN) or not (is_folder or child in files):
                continue
            if not self._is_the_same_everywhere(child):
                continue
            first = owners.setdefault(file_key(child.name if is_folder else f"{child.stem}.py"), child)
            if first != child:
                both = "DAG file" if first.stem == child.stem else "name on macOS and Windows"
                self.error(rules.DUPLICATE_FILE, child, f"{self.name(first)} has the same {both}", "rename one of them")
            if is_folder:
                self.walk(child, defaults, above | {real})
            else:
                relative = child.relative_to(self._folder).as_posix()
                self.files.append(SourceFile(child, self.name(child), relative, defaults))

    def _check_defaults(self, files: Iterable[Path]) -> None:
        """Report a misspelled `_defaults.yml`, which has no effect."""
        for file in files:
            if file.stem != DEFAULTS and file.name.startswith("_") and closest(file.stem.lower(), [DEFAULTS], 0.8):
                message = f"{quoted(file.name)} is neither a schedule nor `{DEFAULTS}.yml`, so it has no effect"
                self.error(rules.NO_EFFECT, file, message, f"rename it to `{DEFAULTS}.yml`")

    def _is_the_same_everywhere(self, child: Path) -> bool:
        """Whether a name is visible, and the same on macOS and Linux; report it if not."""
        if printable(child.name) != child.name:
            # A line break, a bidirectional control or bytes that are not text.
            self.error(rules.FILE_NAME, child, "this name contains invisible characters", "rename it")
        elif composed(child.name) != child.name:
            message = f"{quoted(ascii(child.name)[1:-1])} is one name on Linux and another on macOS"
            self.error(rules.FILE_NAME, child, message, f"rename it to {quoted(composed(child.name))}")
        else:
            return True
        return False

    def error(self, rule: Rule, path: Path, message: str, hint: str = "") -> None:
        self.diagnostics.append(Diagnostic(rule, message, Location(self.name(path)), hint))
