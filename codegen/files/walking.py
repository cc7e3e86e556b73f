"""Walks directories and expands glob patterns inside the boundary, visiting each directory once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from codegen.files.boundary import Boundary
from codegen.files.reading import exists, is_folder, is_symlink

# A virtual environment has about 50,000 entries, and a Meltano project has one for each plugin.
MAX_ENTRIES = 500_000


class Matches(NamedTuple):
    """The paths that a glob pattern matches.

    Attributes:
        paths: the matches inside the boundary, in order.
        outside: the paths that lead out of it.
        is_complete: false if the search stopped after `max_entries` entries.
    """

    paths: list[Path]
    outside: list[Path]
    is_complete: bool
    max_entries: int


def walk(folder: Path, boundary: Boundary) -> Iterator[os.DirEntry[str]]:
    """Yield all files below a directory, following symlinks to directories inside the boundary.

    Each real directory is visited once, so symlinks cannot multiply its files. Symlinks that lead out of the boundary
    are yielded and not followed.
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
        # Prefer the real path of a directory to a path with a symlink.
        folders[:0] = links


def glob(folder: Path, pattern: str, boundary: Boundary) -> Matches:
    """Expand a pattern like `Path.glob`, inside the boundary."""
    parts = PurePosixPath(pattern).parts
    expansion = _Expansion(boundary)
    if parts and not pattern.startswith("/"):
        expansion.expand(os.fspath(folder), parts)
    found, outside = (
        sorted(map(Path, paths), key=lambda path: path.parts) for paths in (expansion.found, expansion.outside)
    )
    return Matches(found, outside, expansion.searched <= MAX_ENTRIES, MAX_ENTRIES)


class _Expansion:
    """Expands a pattern, visiting each directory at most once per part of the pattern."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary
        self._seen: set[tuple[str, int]] = set()
        self._counted: set[str] = set()
        self.searched = 0
        self.found: set[str] = set()
        self.outside: set[str] = set()

    def expand(self, folder: str, parts: tuple[str, ...]) -> None:
        waiting = [(folder, 0)]
        while waiting and self.searched <= MAX_ENTRIES:
            path, index = state = waiting.pop()
            if state in self._seen:
                continue
            self._seen.add(state)
            if index == len(parts):
                self.found.add(path)
            elif parts[index] == "**":
                below = (each.path for each in self._entries(path) if each.is_dir(follow_symlinks=False))
                waiting += [(path, index + 1), *((each, index) for each in below)]
            else:
                children = self._children(path, parts[index], is_last=index + 1 == len(parts))
                waiting += [(child, index + 1) for child in children]

    def _children(self, folder: str, part: str, *, is_last: bool) -> Iterator[str]:
        """Yield the paths in a directory that match a part of the pattern and are inside the boundary."""
        if set("*?[").intersection(part):
            matching = [entry for entry in self._entries(folder) if fnmatchcase(entry.name, part)]
            found = {entry.path: entry.is_symlink() for entry in matching if is_last or _is_folder(entry)}
        else:
            named = Path(folder, part)
            is_found = exists(named) if is_last else is_folder(named)
            found = {str(named): part == ".." or is_symlink(named)} if is_found else {}
        for path, may_lead_out in found.items():
            if may_lead_out and not self._boundary.has(Path(path)):
                self.outside.add(path)
            else:
                yield path

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        entries = _entries(folder)
        if folder not in self._counted:
            self._counted.add(folder)
            self.searched += len(entries)
        return entries


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (OSError, ValueError):  # unreadable, or removed meanwhile
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symlink loop
        return False
