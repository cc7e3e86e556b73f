"""Asks what a path is, and reads regular files of a bounded size.

No question raises: a name that is too long, a symlink loop and a missing permission mean that there is no such file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# More than any file that people write or that Dagpress generates.
_MOST_BYTES = 50_000_000


def is_file(path: Path) -> bool:
    """Whether it is a regular file, also behind a symlink."""
    return os.path.isfile(path)  # noqa: PTH113  # pathlib raises for some errors, other ones in each version of Python


def is_folder(path: Path) -> bool:
    """Whether it is a directory, also behind a symlink."""
    return os.path.isdir(path)  # noqa: PTH112  # as above


def is_symlink(path: Path) -> bool:
    """Whether it is a symlink."""
    return os.path.islink(path)  # noqa: PTH114  # as above


def exists(path: Path) -> bool:
    """Whether anything has that path, also a symlink that leads nowhere."""
    return os.path.lexists(path)


def read_bytes(path: Path, most: int = _MOST_BYTES) -> bytes:
    """The content of a regular file.

    Args:
        path: the file. A pipe or a device is refused, since reading it may never end.
        most: the largest size.

    Raises:
        OSError: it cannot be read, is not a regular file, or is larger.
    """
    # The kind is that of the opened file: another may take its path in between.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:  # noqa: PTH123  # it is open
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
            raise OSError(number, "not a regular file", str(path))
        data = file.read(most + 1)
    return bounded(data, most)


def bounded(data: bytes, most: int) -> bytes:
    """The content of a file of a bounded size.

    Raises:
        OSError: it is larger.
    """
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most} bytes")
    return data


def with_line_feeds(text: str) -> str:
    """The text with line feeds as line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_of(path: Path, most: int = _MOST_BYTES) -> str:
    """The text of such a file, with invalid bytes replaced and line feeds as line ends; empty if unreadable."""
    try:
        return with_line_feeds(read_bytes(path, most).decode("utf-8", "replace"))
    except (OSError, ValueError):  # a path with a null character is a ValueError
        return ""
