"""Runs a command on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest


def printed_on_a_terminal(*command: str | Path, **environment: str) -> str:
    """Run a command on a pseudo-terminal and return its output; skip the test on a machine without one."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminals on this machine: {error}")
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | environment
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=env):
        os.close(theirs)
        printed = b""
        # On Linux, reading fails when the other end is closed.
        with suppress(OSError):
            while part := os.read(ours, 1 << 16):
                printed += part
    os.close(ours)
    return printed.decode()
