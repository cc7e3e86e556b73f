"""Reads files of the project, and nothing else that a link may lead to."""

from __future__ import annotations

from pathlib import Path


def bytes_of(root: Path, path: Path, most: int = -1) -> bytes | None:
    """What a file holds; None where there is none that can be read, or where it lies outside of the project.

    Args:
        root: the project's folder, without links in its path.
        path: the file, or what may be one: to read a pipe or a device would never end.
        most: how many bytes are enough; all by default.
    """
    try:
        if root not in path.resolve().parents or not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(most)
    except (OSError, RuntimeError):  # before Python 3.13, links in a loop are a RuntimeError
        return None


def text_of(root: Path, path: Path, most: int = -1) -> str | None:
    """The text of such a file, with invalid bytes replaced."""
    data = bytes_of(root, path, most)
    return None if data is None else data.decode("utf-8", "replace")
