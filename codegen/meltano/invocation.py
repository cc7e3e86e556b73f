"""Runs Meltano in its project, outside of Airflow: its terminal, its signals and its exit code pass through."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
    command = [meltano, *arguments]
    with subprocess.Popen(command, cwd=folder, env=environ) as process, _signals_passed_on(process):  # noqa: S603  # no shell
        code = process.wait()
    return 128 - code if code < 0 else code


@contextmanager
def _signals_passed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Give signals to the process; Ctrl-C in a terminal reaches it by itself, as all that is in the foreground."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number not in {signal.SIGINT, signal.SIGQUIT} or not _is_in_foreground():
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
