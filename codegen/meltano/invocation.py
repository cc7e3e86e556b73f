"""Runs the real Meltano in its project, outside of Airflow."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import FrameType

# What Meltano says without a place, and the cure.
_CURES = {
    "argument: 'transform'": "Meltano 4 reads no schedule of an extractor and a loader that has no `transform`: "
    "write `transform: skip` into each in meltano.yml",
}
# In seconds.
_TIMEOUT = 120
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class MeltanoError(Exception):
    """Meltano cannot be run, or refuses the project."""


def find_meltano(folder: Path) -> str | None:
    """The `meltano` of a project, found as its DAG files find it: by the link in there, else on the PATH."""
    link = folder / ".meltano" / "run" / "bin"
    return str(link) if os.access(link, os.X_OK) else shutil.which("meltano")


def run_in_project(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> int:
    """Run Meltano, or another program, and wait for it; its terminal and its signals pass through.

    Args:
        command: the program and what it gets.
        folder: the folder of meltano.yml, in which it runs.
        env: variables beside those of this process.

    Returns:
        Its exit code; 128 and the number of the signal that ended it.
    """
    environ = _environ(folder, env)
    # What was printed before must stand before what Meltano prints.
    sys.stdout.flush()
    with _Relay() as relay:
        process = subprocess.Popen(command, cwd=folder, env=environ)
        relay.start(process)
        code = process.wait()
    return 128 - code if code < 0 else code


def listed_schedules(folder: Path, timeout: float = _TIMEOUT) -> dict[str, dict[str, Any]]:
    """The schedules of a Meltano project by name, as `meltano schedule list --format=json` has them.

    Args:
        folder: the Meltano project directory.
        timeout: in seconds.

    Raises:
        MeltanoError: Meltano is missing, fails or takes too long.
    """
    output = _output_of(("schedule", "list", "--format=json"), folder, timeout)
    try:
        schedules = json.loads(output)["schedules"]
        return {schedule["name"]: schedule for schedule in (*schedules["elt"], *schedules["job"])}
    except (ValueError, TypeError, LookupError) as error:
        raise MeltanoError("`meltano schedule list` gave something else than a list of schedules") from error


def set_up_system_database(folder: Path, timeout: float = _TIMEOUT) -> None:
    """Let Meltano set up its system database, or migrate it.

    Every command that opens the database migrates it (`pass_project(migrate=True)` in meltano/cli). This one does
    nothing else but print names.

    Args:
        folder: the Meltano project directory.
        timeout: in seconds.

    Raises:
        MeltanoError: Meltano is missing, fails or takes too long.
    """
    _output_of(("environment", "list"), folder, timeout)


def _output_of(words: Sequence[str], folder: Path, timeout: float) -> str:
    meltano = find_meltano(folder)
    if meltano is None:
        raise MeltanoError("there is no `meltano` on the PATH")
    command = " ".join(["meltano", *words[:2]])
    try:
        return subprocess.run(
            [meltano, "--log-level=warning", *words],
            cwd=folder,
            env=_environ(folder, {"NO_COLOR": "1"}),
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=timeout,
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise MeltanoError(f"`{command}` did not end within {timeout:.0f} seconds") from error
    except subprocess.CalledProcessError as error:
        # The last line has the reason: before that there may be a whole traceback in a frame.
        reason = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
        cure = next((f" ({cure})" for words, cure in _CURES.items() if words in error.stderr), "")
        raise MeltanoError(f"`{command}` failed: {reason}{cure}") from error
    except OSError as error:
        raise MeltanoError(f"`{command}` does not start: {error}") from error


def _environ(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The variables for Meltano, which looks for its project where this one says before it looks around itself."""
    return {**os.environ, **env, "MELTANO_PROJECT_ROOT": str(folder)}


class _Relay:
    """Gives signals to a process; Ctrl-C in a terminal reaches it by itself, as all that is in the foreground."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def __enter__(self) -> _Relay:  # noqa: PYI034  # Self is of Python 3.11
        # Whoever had a signal ignored, as `nohup` has, gets it ignored.
        heard = [number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._pass_on) for number in heard}
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
