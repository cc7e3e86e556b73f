"""Stamps of files, which show that a file has not changed without reading it."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

# When its content was changed, its size, its inode, and when anything of it was changed, which nobody can set: `touch`
# and `rsync` set the first back, `chmod` leaves it alone. The last is a number that no other stamp has, or 0.
Stamp = tuple[int, int, int, int, int]
# A second change within the same tick of a file system's clock, up to 10 ms on Linux, leaves the times as they are.
_TICK = 100_000_000
_NUMBERS = count(1)


def stamp_of(path: Path | os.DirEntry[str]) -> Stamp:
    """The stamp of a file: two that are equal, of one path, mean that the file has not changed in between.

    A file that has just been changed has another stamp each time.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        # A link that leads nowhere is a file all the same.
        return 0, 0, 0, 0, 0
    changed = status.st_ctime_ns
    number = next(_NUMBERS) if changed > time.time_ns() - _TICK else 0
    return status.st_mtime_ns, status.st_size, status.st_ino, changed, number
