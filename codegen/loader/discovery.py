"""Finds the schedule files of a project, and the defaults that they inherit."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import NamedTuple

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.files import Boundary, is_folder
from codegen.loader.exclusion import excludes
from codegen.loader.names import DEFAULTS, check_defaults, check_names, is_the_same_everywhere
from codegen.rules import Rule
from codegen.text.ids import composed

# Replacement texts for schedule files and defaults, by their paths in the project; None for a deleted file.
Overlay = Mapping[str, str | None]

SUFFIXES = (".yml", ".yaml")
# Files and folders with these prefixes contain no schedules.
HIDDEN = (".", "_")


class SourceFile(NamedTuple):
    """A schedule file, its path in the project and in the folder of schedules, and the defaults that it inherits.

    The paths have forward slashes. The outermost defaults come first, each with its path in the project.
    """

    path: Path
    name: str
    relative: str
    defaults: tuple[tuple[Path, str], ...]


def find_schedules(
    root: Path, folder: Path, overlay: Overlay | None = None, exclude: tuple[str, ...] = ()
) -> tuple[list[SourceFile], list[Diagnostic]]:
    """Find the schedule files below a folder of a project, sorted by path, except `HIDDEN` and excluded files."""
    search = _Search(root, folder, overlay or {}, exclude)
    if not search.is_folder(folder):
        message = f"the folder {quoted(search.name(folder))} does not exist"
        search.error(rules.NO_SCHEDULES, folder, message, "create it, or set `schedules` in the configuration")
        return [], search.diagnostics
    search.walk(folder)
    if not search.files and not search.diagnostics:
        is_left_out = search.has_excluded or excludes(exclude, PurePath("NAME.yml"))
        first = "change `exclude` in the configuration" if is_left_out else "add a file such as `NAME.yml`"
        hint = f"{first}; without schedules, no generated files are deleted"
        search.error(rules.NO_SCHEDULES, folder, "the folder contains no schedules", hint)
    return sorted(search.files, key=lambda file: file.relative.split("/")), search.diagnostics


def _composed(path: Path) -> Path:
    """Return the path with its name in composed form (NFC), if that is the same file, as on macOS."""
    if path.name.isascii():
        return path
    same = path.with_name(composed(path.name))
    return same if same.name != path.name and same.exists() and same.samefile(path) else path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symlink to itself
        return False


# The files of defaults that a folder inherits, as in `SourceFile`.
_Defaults = tuple[tuple[Path, str], ...]


class _Child(NamedTuple):
    """A file or folder in a folder; a symlink to a folder is a folder."""

    path: Path
    is_folder: bool
    is_symlink: bool

    @property
    def is_hidden(self) -> bool:
        return self.path.name.startswith(HIDDEN)

    @property
    def is_yaml(self) -> bool:
        return os.path.splitext(self.path.name)[1].lower() in SUFFIXES  # noqa: PTH122  # faster than `Path.suffix`


class _Search:
    def __init__(self, root: Path, folder: Path, overlay: Overlay, exclude: tuple[str, ...]) -> None:
        self._root = root
        self._folder = folder
        self._exclude = exclude
        self._boundary = Boundary(root, folder)
        # The real paths of visited folders, and the paths by which they were visited.
        self._read: dict[str, Path] = {}
        # The files and folders that the overlay adds, by folder.
        self._added: dict[Path, set[Path]] = {}
        for name, text in overlay.items():
            if text is not None:
                self._add(root / name)
        self._deleted = {root / name for name, text in overlay.items() if text is None}
        self.files: list[SourceFile] = []
        self.has_excluded = False
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
        return path in self._added or is_folder(path)

    def _children(self, folder: Path) -> list[_Child]:
        """Return the schedule files, defaults and folders in a folder; raises an OSError if it is unreadable."""
        found: dict[Path, _Child] = {}
        if folder.exists():
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = _composed(folder / entry.name)
                    found[path] = _Child(path, _is_folder(entry), entry.is_symlink())
        for path in self._added.get(folder, ()):
            found[path] = _Child(path, self.is_folder(path), path.is_symlink())
        for path in self._deleted & found.keys():
            del found[path]
        children = [child for child in found.values() if child.is_folder or child.is_yaml]
        # Comparing paths is slower than comparing names.
        return sorted((child for child in children if not self._is_excluded(child)), key=lambda child: child.path.name)

    def _is_excluded(self, child: _Child) -> bool:
        # A file of defaults is not a schedule, so it is only excluded with its folder.
        if not self._exclude or (not child.is_folder and child.path.stem == DEFAULTS):
            return False
        relative = child.path.relative_to(self._folder)
        is_excluded = excludes(self._exclude, relative, is_folder=child.is_folder)
        self.has_excluded |= is_excluded
        return is_excluded

    def walk(self, folder: Path) -> None:
        """Read each folder once: first without following symlinks, then the targets of symlinks."""
        above = [os.path.realpath(parent) for parent in folder.parents]
        folders, links = [(folder, _Defaults())], deque[tuple[Path, _Defaults]]()
        while folders or links:
            path, inherited = folders.pop() if folders else links.popleft()
            real = os.path.realpath(path)
            first = self._read.setdefault(real, path)
            if real in above or (first != path and first in path.parents):
                self.error(rules.SYMLINK, path, "this symlink points to a folder above it", "remove the symlink")
            elif first != path:
                message = f"a symlink makes this the same folder as {quoted(self.name(first))}"
                self.error(rules.SYMLINK, path, message, "remove the symlink")
            else:
                for child, defaults in self._folders(path, inherited):
                    (links if child.is_symlink else folders).append((child.path, defaults))

    def _folders(self, folder: Path, inherited: _Defaults) -> Iterator[tuple[_Child, _Defaults]]:
        """Add the files of a folder, and yield its subfolders with the defaults that they inherit."""
        try:
            children = self._children(folder)
        except OSError as error:
            self.error(rules.UNREADABLE, folder, f"this folder cannot be read: {error.strerror}")
            return
        children = [child for child in children if not self._leads_out(child)]
        files = [child.path for child in children if child.is_yaml]
        defaults = inherited + tuple((file, self.name(file)) for file in files if file.stem == DEFAULTS)
        self.diagnostics += check_defaults(files, self.name)
        shown = {child.path: child for child in children if not child.is_hidden}
        self.diagnostics += check_names({path: child.is_folder for path, child in shown.items()}, self.name)
        # The paths of the folder in the project and in the folder of schedules.
        name, relative = (f"{each}/" if each != "." else "" for each in (self.name(folder), self._relative(folder)))
        for path, child in shown.items():
            if not is_the_same_everywhere(path.name):
                continue
            if child.is_folder:
                yield child, defaults
            else:
                self.files.append(SourceFile(path, name + path.name, relative + path.name, defaults))

    def _relative(self, folder: Path) -> str:
        return folder.relative_to(self._folder).as_posix()

    def _leads_out(self, child: _Child) -> bool:
        """Report a symlink to a file or folder outside of the boundary, and return whether it is one."""
        if not child.is_symlink or (child.is_hidden and child.path.stem != DEFAULTS):
            return False
        problem = self._boundary.problem(child.path)
        self.diagnostics += [problem] if problem else []
        return problem is not None

    def error(self, rule: Rule, path: Path, message: str, hint: str = "") -> None:
        self.diagnostics.append(Diagnostic(rule, message, Location(self.name(path)), hint))
