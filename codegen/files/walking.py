"""Walks folders, and expands glob patterns, without leaving the boundary and without visiting a folder twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from codegen.files.boundary import Boundary
from codegen.files.reading import exists, is_folder

# A folder of installed packages has about 50,000.
MOST_ENTRIES = 200_000


@dataclass(frozen=True)
class Matches:
    """The paths that a glob pattern matches.

    Attributes:
        paths: those inside the boundary, in order.
        outside: the first paths that lead out of it.
        is_complete: false if the pattern searches more than `most` files.
    """

    paths: list[Path]
    outside: list[Path]
    is_complete: bool
    most: int


def walk(folder: Path, boundary: Boundary) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder but directories, also behind symlinks to directories inside the boundary.

    Each real directory is visited once, so symlinks cannot multiply its files. A symlink that leads out of the boundary
    is an entry, and is not followed.
    """
    seen: set[str] = set()
    folders = [os.fspath(folder)] if boundary.has(folder) else []
    while folders:
        path = folders.pop()
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        links = []
        for entry in _entries(path):
            if not _is_folder(entry):
                yield entry
            elif not entry.is_symlink():
                folders.append(entry.path)
            elif boundary.has(Path(entry.path)):
                links.append(entry.path)
            else:
                yield entry
        # A directory is visited by its own path if it has one here.
        folders[:0] = links


def glob(folder: Path, pattern: str, boundary: Boundary) -> Matches:
    """The paths that `Path.glob` finds inside the boundary."""
    parts = PurePosixPath(pattern).parts
    expansion = _Expansion(boundary)
    if parts and not pattern.startswith("/"):
        expansion.expand(folder, parts)
    return Matches(sorted(expansion.found), sorted(expansion.outside), expansion.left >= 0, MOST_ENTRIES)


class _Expansion:
    """The expansion of a pattern: each folder is visited at most once for each part of the pattern."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary
        self._seen: set[tuple[Path, int]] = set()
        self.left = MOST_ENTRIES
        self.found: set[Path] = set()
        self.outside: set[Path] = set()

    def expand(self, folder: Path, parts: tuple[str, ...]) -> None:
        waiting = [(folder, 0)]
        while waiting:
            path, index = state = waiting.pop()
            if state in self._seen:
                continue
            self._seen.add(state)
            if index == len(parts):
                self.found.add(path)
                continue
            part, is_last = parts[index], index + 1 == len(parts)
            if part == "**":
                below = (Path(each.path) for each in self._entries(path) if each.is_dir(follow_symlinks=False))
                waiting += [(path, index + 1), *((each, index) for each in below)]
                continue
            for child in self._children(path, part):
                if not is_last and not is_folder(child):
                    continue
                if (part == ".." or child.is_symlink()) and not self._boundary.has(child):
                    self.outside.add(child)
                else:
                    waiting.append((child, index + 1))

    def _children(self, folder: Path, part: str) -> list[Path]:
        if not set("*?[").intersection(part):
            child = folder / part
            return [child] if exists(child) else []
        return [Path(entry.path) for entry in self._entries(folder) if fnmatchcase(entry.name, part)]

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        entries = _entries(folder)
        self.left -= len(entries)
        return entries if self.left >= 0 else []


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError):  # it is unreadable, or was removed
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symlink that leads to itself
        return False
