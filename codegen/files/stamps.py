"""Stamps of files, which show that a file has not changed without reading it."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

# Modification time, size, inode, and change time: `touch` and `rsync` can set the first, nobody can set the last. The
# fifth is a number that no other stamp has, or 0.
Stamp = tuple[int, int, int, int, int]
# A second change within the same tick of a file system's clock, up to 10 ms on Linux, leaves the times as they are.
_TICK = 100_000_000
_NUMBERS = count(1)


def stamp_of(path: Path | os.DirEntry[str]) -> Stamp:
    """The stamp of a file: equal stamps of one path mean that the file has not changed in between.

    A file that was changed just now has a new stamp each time.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        # A link that leads nowhere is a file all the same.
        return 0, 0, 0, 0, 0
    changed = status.st_ctime_ns
    number = next(_NUMBERS) if changed > time.time_ns() - _TICK else 0
    return status.st_mtime_ns, status.st_size, status.st_ino, changed, number
