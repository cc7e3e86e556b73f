"""Stamps of files: they show that a file has not changed without reading it."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

# Modification time, size, inode, change time, and a unique number or 0. `touch` and `rsync` can set the modification
# time, but not the change time.
Stamp = tuple[int, int, int, int, int]
# A second change within one tick of the file system's clock, up to 10 ms on Linux, does not change the times.
_TICK = 100_000_000
_NUMBERS = count(1)


def stamp_of(path: Path | os.DirEntry[str]) -> Stamp:
    """Return the stamp of a file. Equal stamps of one path mean that the file has not changed.

    A file that changed within the last tick gets a unique stamp.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        # A dangling symlink also has a stamp.
        return 0, 0, 0, 0, 0
    changed = status.st_ctime_ns
    number = next(_NUMBERS) if changed > time.time_ns() - _TICK else 0
    return status.st_mtime_ns, status.st_size, status.st_ino, changed, number
