"""The lock of a project: one process at a time reads and writes it."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from codegen import process
from codegen.diagnostics import printable

_SILENT_SECONDS = 1
_POLL_SECONDS = 0.02


class LockedError(Exception):
    """Another process, which the message names, kept the lock for too long."""


@contextmanager
def lock(folder: Path, seconds: float, on_wait: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Take two `flock`s: an outer one on the project directory and an inner one on its `.git`.

    Both leave no files behind, end with the process, and have no effect on file systems without locks. A child process
    of the holder of the outer lock, such as a git hook during a commit, takes only the inner lock. The holder releases
    the inner lock for its children by calling the yielded function; hooks in parallel then wait for each other.

    Args:
        folder: the project directory.
        seconds: how long to wait.
        on_wait: receives a message after a second.

    Raises:
        LockedError: another process keeps a lock for longer than `seconds`.
    """
    start = time.monotonic()
    with _held(folder, start, seconds, on_wait), ExitStack() as inner:
        inner.enter_context(_held(folder / ".git", start, seconds, on_wait))
        yield inner.close


@contextmanager
def _held(path: Path, start: float, seconds: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    with ExitStack() as stack:
        # Windows cannot open directories, and `.git` can be missing. Reading the project reports a missing project.
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            stack.callback(os.close, handle)
            _wait(handle, start, seconds, on_wait)
        yield


def _wait(handle: int, start: float, seconds: float, on_wait: Callable[[str], None]) -> None:
    is_silent = True
    while not _take(handle):
        holder = _holder(handle)
        if holder and holder in _ancestors():
            return
        waited = time.monotonic() - start
        other = f"another dagpress command in this project{_described(holder)}"
        if waited >= seconds:
            raise LockedError(f"{other} did not finish within {seconds:g} seconds")
        if is_silent and waited >= _SILENT_SECONDS:
            on_wait(f"Waiting for {other}...")
            is_silent = False
        if process.ending.wait(_POLL_SECONDS):
            raise LockedError("this process is shutting down")


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
    """Return the ID of the process with the lock; 0 on systems without `/proc/locks`, such as macOS."""
    file = os.fstat(handle)
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    # 1: FLOCK  ADVISORY  WRITE 1234 fe:00:260072 0 EOF
    locks = (line.split() for line in lines)
    found = (int(words[4]) for words in locks if words[1] == "FLOCK" and words[5].endswith(f":{file.st_ino}"))
    return next((pid for pid in found if _may_have(pid, file)), 0)


def _may_have(pid: int, file: os.stat_result) -> bool:
    """Return whether a process has the file open: on btrfs, /proc/locks and `stat` name different devices."""
    try:
        handles = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        # A process of another user.
        return True
    for handle in handles:
        with suppress(OSError):
            if os.path.samestat(handle.stat(), file):
                return True
    return False


def _ancestors() -> Iterator[int]:
    pid = os.getppid()
    while pid > 1:
        yield pid
        try:
            status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        pid = int(status.rpartition(")")[2].split()[1])


def _described(pid: int) -> str:
    if not pid:
        return ""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")[:-1]
    except OSError:
        words = []
    # The command line of a script starts with its interpreter.
    names = [Path(word).name for word in words[:2]]
    first = names.index("dagpress") if "dagpress" in names else 0
    command = shlex.join([*names[first : first + 1], *words[first + 1 :]])
    return f" (process {pid}{': ' if command else ''}{printable(command)})"
