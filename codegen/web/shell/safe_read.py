"""Reads files of the project, and nothing else that a link may lead to."""

from __future__ import annotations

from pathlib import Path

from codegen.files import Boundary, is_file


def bytes_of(root: Path, path: Path, most: int = -1) -> bytes | None:
    """What a file holds; None where there is none that can be read, or where it lies outside of the git work tree.

    Args:
        root: the project's folder, without links in its path.
        path: the file, or what may be one: to read a pipe or a device would never end.
        most: how many bytes are enough; all by default.
    """
    try:
        if not Boundary(root).has(path) or not is_file(path):
            return None
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return None


def text_of(root: Path, path: Path, most: int = -1) -> str | None:
    """The text of such a file, with invalid bytes replaced."""
    data = bytes_of(root, path, most)
    return None if data is None else data.decode("utf-8", "replace")
