"""Tests paths, and reads regular files up to a size limit.

The tests do not raise: a name that is too long, a symlink loop or a missing permission count as a missing file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# In bytes: larger than any handwritten or generated file.
_MOST_BYTES = 50_000_000


def is_file(path: Path) -> bool:
    """Whether it is a regular file, following symlinks."""
    return os.path.isfile(path)  # noqa: PTH113  # pathlib raises for some errors, depending on the version of Python


def is_folder(path: Path) -> bool:
    """Whether it is a directory, following symlinks."""
    return os.path.isdir(path)  # noqa: PTH112  # as above


def is_symlink(path: Path) -> bool:
    """Whether it is a symlink."""
    return os.path.islink(path)  # noqa: PTH114  # as above


def exists(path: Path) -> bool:
    """Whether the path exists, also as a dangling symlink."""
    return os.path.lexists(path)


def read_bytes(path: Path | str, most: int = _MOST_BYTES) -> bytes:
    """The content of a regular file.

    Args:
        path: the file. A pipe or a device is refused, since reading it may block forever.
        most: the size limit.

    Raises:
        OSError: it cannot be read, is not a regular file, or is too large.
    """
    # Check the type and the size of the open file: the path can be replaced in between.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        check_size(status.st_size, most)
        parts, left = [], status.st_size + 1
        while left > 0 and (part := os.read(handle, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def check_size(size: int, most: int) -> None:
    """Refuse a file that is too large.

    Raises:
        OSError: it is too large.
    """
    if size > most:
        raise OSError(errno.EFBIG, f"larger than {most} bytes")


def with_line_feeds(text: str) -> str:
    """The text with line feeds as line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_of(path: Path, most: int = _MOST_BYTES) -> str:
    """The text of a regular file, with invalid bytes replaced and normalized line ends; empty if unreadable."""
    try:
        return with_line_feeds(read_bytes(path, most).decode("utf-8", "replace"))
    except (OSError, ValueError):  # a path with a null character is a ValueError
        return ""
