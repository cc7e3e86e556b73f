"""Tests paths and reads regular files up to a size limit.

The tests do not raise: too long names, symlink loops and missing permissions count as missing files.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# In bytes: larger than any handwritten or generated file.
_MAX_BYTES = 50_000_000


def is_file(path: Path) -> bool:
    """Return whether a path is a regular file, following symlinks."""
    return os.path.isfile(path)  # noqa: PTH113  # pathlib raises some errors, depending on the Python version


def is_folder(path: Path) -> bool:
    """Return whether a path is a directory, following symlinks."""
    return os.path.isdir(path)  # noqa: PTH112  # as above


def is_symlink(path: Path) -> bool:
    """Return whether a path is a symlink."""
    return os.path.islink(path)  # noqa: PTH114  # as above


def exists(path: Path) -> bool:
    """Return whether a path exists, including dangling symlinks."""
    return os.path.lexists(path)


def read_bytes(path: Path | str, max_bytes: int = _MAX_BYTES) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file. Pipes and devices are refused, since reading them may block forever.
        max_bytes: the size limit.

    Raises:
        OSError: the file cannot be read, is not a regular file, or is too large.
    """
    # Check the open file: the path could be replaced between a check and the open.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        check_size(status.st_size, max_bytes)
        parts, left = [], status.st_size + 1
        while left > 0 and (part := os.read(handle, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def check_size(size: int, max_bytes: int) -> None:
    """Refuse a file that is too large.

    Raises:
        OSError: the file is too large.
    """
    if size > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes} bytes")


def with_line_feeds(text: str) -> str:
    """Return a text with line feeds as line endings."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_of(path: Path, max_bytes: int = _MAX_BYTES) -> str:
    """Return the text of a file, with invalid bytes replaced and line endings normalized; empty if unreadable."""
    try:
        return with_line_feeds(read_bytes(path, max_bytes).decode("utf-8", "replace"))
    except (OSError, ValueError):  # a path with a null character is a ValueError
        return ""
