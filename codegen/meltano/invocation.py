"""Runs Meltano in its project, outside of Airflow: its terminal, its signals and its exit code pass through."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import FrameType

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def find_meltano(folder: Path) -> str | None:
    """The `meltano` of a project, found as its DAG files find it: by the link in there, else on the PATH."""
    link = folder / ".meltano" / "run" / "bin"
    return str(link) if os.access(link, os.X_OK) else shutil.which("meltano")


def run_meltano(meltano: str, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> int:
    """Run Meltano and wait for it.

    Args:
        meltano: the executable.
        arguments: what it gets.
        folder: the folder of meltano.yml, in which it runs.
        env: variables beside those of this process.

    Returns:
        Its exit code; 128 and the number of the signal that ended it.
    """
    environ = {**os.environ, **env, "MELTANO_PROJECT_ROOT": str(folder)}
    # What was printed before must stand before what Meltano prints.
    sys.stdout.flush()
    with _Relay() as relay:
        process = subprocess.Popen([meltano, *arguments], cwd=folder, env=environ)  # noqa: S603  # no shell
        relay.start(process)
        code = process.wait()
    return 128 - code if code < 0 else code


class _Relay:
    """Gives signals to a process; Ctrl-C in a terminal reaches it by itself, as all that is in the foreground."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def __enter__(self) -> _Relay:  # noqa: PYI034  # Self is of Python 3.11
        self._before = {number: signal.signal(number, self._pass_on) for number in _PASSED_ON}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, process: subprocess.Popen[bytes]) -> None:
        """Name the process, which gets what came while it was being started."""
        self._process = process
        for number in self._early:
            process.send_signal(number)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._process is None:
            self._early.append(number)
        elif number not in {signal.SIGINT, signal.SIGQUIT} or not _is_in_foreground():
            self._process.send_signal(number)


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
