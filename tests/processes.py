"""Looks at processes that tests leave to others."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def has_ended(file: Path) -> bool:
    """Whether the process whose id is in that file ends within some seconds."""
    pid = int(file.read_text())
    for _ in range(100):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if not state.stdout.strip() or state.stdout.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def await_process(file: Path) -> None:
    """Wait until a process has written its id into that file."""
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def held(project: Path) -> Iterator[int]:
    """Another process holds the lock until the block ends; gives its number."""
    command = ["flock", "--no-fork", str(project), "sh", "-c", "echo held; read -r line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.communicate("go\n")
