"""Excludes files from the schedules of a project by gitignore patterns."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePath


def excludes(patterns: tuple[str, ...], relative: PurePath, *, is_folder: bool = False) -> bool:
    """Return whether patterns match a path in the folder of schedules, or one of its parent folders."""
    if not patterns:
        return False
    # A pattern that ends in a slash matches only folders.
    names = [f"{folder.as_posix()}/" for folder in relative.parents if folder.name]
    names.append(relative.as_posix() + "/" * is_folder)
    return any(map(_matcher(patterns), names))


def without_a_match(patterns: tuple[str, ...], folder: Path) -> list[int]:
    """Return the indices of the patterns that match nothing in the folder of schedules."""
    left = list(range(len(patterns)))
    for parent, folders, files in os.walk(folder) if patterns else ():
        relative = Path(parent).relative_to(folder)
        found = [(relative / name, name in folders) for name in (*folders, *files)]
        left = [
            number
            for number in left
            if not any(
                excludes((patterns[number].removeprefix("!"),), path, is_folder=is_folder) for path, is_folder in found
            )
        ]
        if not left:
            break
    return left


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    # The import takes 15 ms, and few projects need it.
    from pathspec import GitIgnoreSpec  # noqa: PLC0415

    return GitIgnoreSpec.from_lines(patterns).match_file
