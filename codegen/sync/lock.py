"""The lock of a project: one process at a time reads it and writes into it."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codegen.diagnostics import printable

_SILENT_SECONDS = 1
_POLL_SECONDS = 0.02


class LockedError(Exception):
    """Another process, which the message names, held the lock for too long."""


@contextmanager
def lock(folder: Path, seconds: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a project: a `flock` on its folder, which leaves no file and ends with the process.

    On Windows, and on a file system without locks, it locks nothing. `on_wait` receives a message after a second.

    Raises:
        LockedError: another process holds it for longer than these seconds.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        # Windows opens no folders; reading the project reports a missing one.
        handle = None
    try:
        if handle is not None:
            _wait(handle, seconds, on_wait)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _wait(handle: int, seconds: float, on_wait: Callable[[str], None]) -> None:
    start = time.monotonic()
    is_silent = True
    while not _take(handle):
        holder = _holder(handle)
        if holder and holder in _ancestors():
            # A git hook of a commit that holds the lock has started this command.
            return
        waited = time.monotonic() - start
        whose = f"another dagpress command in this project{_described(holder)}"
        if waited >= seconds:
            raise LockedError(f"{whose} did not finish within {seconds:g} seconds")
        if is_silent and waited >= _SILENT_SECONDS:
            on_wait(f"Waiting for {whose}...")
            is_silent = False
        time.sleep(_POLL_SECONDS)


def _take(handle: int) -> bool:
    try:
        import fcntl  # noqa: PLC0415  # not on Windows

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


def _holder(handle: int) -> int:
    """The process that holds the lock; 0 if the system does not say, as on macOS."""
    inode = f":{os.fstat(handle).st_ino}"
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    # 1: FLOCK  ADVISORY  WRITE 1234 fe:00:260072 0 EOF
    locks = (line.split() for line in lines)
    return next((int(words[4]) for words in locks if words[1] == "FLOCK" and words[5].endswith(inode)), 0)


def _ancestors() -> Iterator[int]:
    process = os.getppid()
    while process > 1:
        yield process
        try:
            status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        process = int(status.rpartition(")")[2].split()[1])


def _described(process: int) -> str:
    if not process:
        return ""
    try:
        words = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")[:-1]
    except OSError:
        words = []
    # Of a script, the system knows the interpreter first.
    names = [Path(word).name for word in words[:2]]
    first = names.index("dagpress") if "dagpress" in names else 0
    command = shlex.join([*names[first : first + 1], *words[first + 1 :]])
    return f" (process {process}{': ' if command else ''}{printable(command)})"
