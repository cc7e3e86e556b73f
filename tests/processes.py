"""Waits for processes, and checks for remaining ones."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Seconds: enough for a busy machine.
TIMEOUT = 300


def wait_until(condition: Callable[[], bool], pause: float = 0.02, describe: Callable[[], str] = str) -> None:
    """Poll a condition, and fail with the text of `describe` at the time limit."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, describe()
        time.sleep(pause)


def has_ended(file: Path) -> bool:
    """Return whether the process with the PID in a file ends within half a minute, sooner than it would by itself."""
    pid = int(file.read_text())
    for _ in range(600):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if not state.stdout.strip() or state.stdout.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def wait_for_process(file: Path) -> None:
    """Wait until a process has written its PID into a file."""
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"))


@contextmanager
def held(project: Path) -> Iterator[int]:
    """Have another process hold the lock during the block, and yield its PID."""
    command = ["flock", "--no-fork", str(project), "sh", "-c", "echo held; read -r line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.communicate("go\n")


def processes_with(variable: str) -> list[str]:
    """Return the PIDs of the processes that have a variable, such as `HOME=/tmp/home`, in their environment (Linux)."""
    mark = f"{variable}\0".encode()
    return [folder.name for folder in Path("/proc").glob("[0-9]*") if mark in _environ_of(folder)]


def _environ_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
