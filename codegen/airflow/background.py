"""Runs a command of ours again in the background: a process of its own, which outlives this one and its terminal."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codegen.airflow.environment import AirflowError

if TYPE_CHECKING:
    from collections.abc import Sequence

# How long the process is watched, in seconds.
_WATCHED = 2.0


@dataclass(frozen=True)
class Daemon:
    """A command of Airflow that is to run in the background.

    Attributes:
        words: the command, without the options that say so.
        pid_file: gets the process id.
        log: gets what it prints.
    """

    words: Sequence[str]
    pid_file: Path
    log: Path

    @property
    def how_to_stop(self) -> str:
        """A line for the user."""
        return f"stop it with: kill $(cat {shlex.quote(str(self.pid_file))})"


def daemon_of(words: Sequence[str], home: Path) -> Daemon | None:
    """What the options of Airflow by which a command goes into the background say; nothing where there are none."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-D", "--daemon", action="store_true")
    if not parser.parse_known_args(words[1:])[0].daemon:
        return None
    parser.add_argument("--pid")
    parser.add_argument("-l", "--log-file")
    parser.add_argument("--stdout")
    parser.add_argument("--stderr")
    options, rest = parser.parse_known_args(words[1:])
    command = words[0]
    pid_file = Path(options.pid or home / f"airflow-{command}.pid")
    return Daemon([command, *rest], pid_file, Path(options.log_file or home / f"airflow-{command}.log"))


def start(daemon: Daemon, project: Path) -> int:
    """Start it, and watch whether it stays.

    Args:
        daemon: what to start.
        project: the folder of the project.

    Returns:
        The process id.

    Raises:
        AirflowError: it runs already, or ended at once.
    """
    command = daemon.words[0]
    process = _process_in(daemon.pid_file)
    if process:
        raise AirflowError(f"{command} is running already (process {process}; stop it with `kill {process}`)")
    ourselves = [sys.executable, "-m", "codegen", "--project", str(project)]
    with daemon.log.open("ab") as output:
        started = subprocess.Popen(
            [*ourselves, "invoke", "airflow", *daemon.words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    daemon.pid_file.write_text(f"{started.pid}\n", encoding="ascii")
    deadline = time.monotonic() + _WATCHED
    while time.monotonic() < deadline and started.poll() is None:
        time.sleep(_WATCHED / 20)
    if started.returncode is not None:
        raise AirflowError(f"{command} has ended with exit code {started.returncode}: {daemon.log} says why")
    # It is meant to outlive us.
    started.returncode = 0
    return started.pid


def is_alive(process: int) -> bool:
    """Whether there is a process of that id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _process_in(pid_file: Path) -> int:
    """The process that a file names and that is alive, or zero."""
    try:
        process = int(pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return process if is_alive(process) else 0
