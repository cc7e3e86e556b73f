"""Reads files of the project, and nothing else that a link may lead to."""

from __future__ import annotations

from pathlib import Path

from codegen.files import Boundary, read_bytes


def bytes_of(root: Path, path: Path, most: int | None = None) -> bytes | None:
    """What a file holds; None where there is none that can be read, or where it lies outside of the git work tree.

    Args:
        root: the project's folder, without links in its path.
        path: the file, or what may be one.
        most: how many bytes are enough; all by default.
    """
    try:
        return read_bytes(path)[:most] if Boundary(root).has(path) else None
    except OSError:
        return None


def text_of(root: Path, path: Path, most: int | None = None) -> str | None:
    """The text of such a file, with invalid bytes replaced."""
    data = bytes_of(root, path, most)
    return None if data is None else data.decode("utf-8", "replace")
