"""Waits for processes, and looks at those that tests leave to others."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# In seconds: enough on a machine with much other work, so that a wait only fails where nothing ever comes.
PATIENCE = 300


def await_that(what: Callable[[], bool], pause: float = 0.02, said: Callable[[], str] = str) -> None:
    """Wait until something is so, looking after each pause; fail with what was said if it does not become so."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, said()
        time.sleep(pause)


def has_ended(file: Path) -> bool:
    """Whether the process whose id is in that file ends within half a minute; by itself it would take longer."""
    pid = int(file.read_text())
    for _ in range(600):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if not state.stdout.strip() or state.stdout.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def await_process(file: Path) -> None:
    """Wait until a process has written its id into that file."""
    await_that(lambda: file.exists() and file.read_text().endswith("\n"))


@contextmanager
def held(project: Path) -> Iterator[int]:
    """Another process holds the lock until the block ends; gives its number."""
    command = ["flock", "--no-fork", str(project), "sh", "-c", "echo held; read -r line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.communicate("go\n")
