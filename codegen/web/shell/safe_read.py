"""Reads files inside the git work tree of the project only."""

from __future__ import annotations

from pathlib import Path

from codegen.files import Boundary, read_bytes


def bytes_of(root: Path, path: Path, most: int | None = None) -> bytes | None:
    """The content of a file; None if it is missing, unreadable, or outside the git work tree.

    Args:
        root: the project's folder, without symlinks in its path.
        path: the path of the file.
        most: the number of bytes to read; all by default.
    """
    try:
        return read_bytes(path)[:most] if Boundary(root).has(path) else None
    except OSError:
        return None


def text_of(root: Path, path: Path, most: int | None = None) -> str | None:
    """The text of a file as in `bytes_of`, with invalid bytes replaced."""
    data = bytes_of(root, path, most)
    return None if data is None else data.decode("utf-8", "replace")
