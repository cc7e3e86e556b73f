"""Reads files, but only inside the git work tree of the project."""

from __future__ import annotations

from pathlib import Path

from codegen.files import Boundary, read_bytes


def bytes_of(root: Path, path: Path, limit: int | None = None) -> bytes | None:
    """Return the content of a file; None if it is missing, unreadable, or outside the git work tree.

    Args:
        root: the project directory, without symlinks in its path.
        path: the path of the file.
        limit: the maximum number of bytes to read; unlimited by default.
    """
    try:
        return read_bytes(path)[:limit] if Boundary(root).has(path) else None
    except OSError:
        return None


def text_of(root: Path, path: Path, limit: int | None = None) -> str | None:
    """Return the text of a file like `bytes_of`, with invalid bytes replaced."""
    data = bytes_of(root, path, limit)
    return None if data is None else data.decode("utf-8", "replace")
