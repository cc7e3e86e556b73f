"""Runs a command in the background: in a process that outlives this one and its terminal."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codegen import process
from codegen.airflow.installation import AirflowError
from codegen.text.copyable import shell_command

# How long the process is watched, in seconds.
_WATCHED = 2.0
# Of the fields behind the name of the program in /proc/PID/stat: when it started, in ticks since the machine did.
_START_FIELD = 19


@dataclass(frozen=True)
class Daemon:
    """A command of Airflow to run in the background.

    Its pid file is locked while the process lives, so a stale one is recognised.
    """

    words: Sequence[str]
    pid_file: Path
    stdout: Path
    stderr: Path

    @property
    def how_to_stop(self) -> str:
        """A line for the user."""
        return f"stop it with: kill $({shell_command('cat', str(self.pid_file))})"


def daemon_of(words: Sequence[str], home: Path) -> Daemon | None:
    """Read Airflow's options for the background; None where the command has none of them."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-D", "--daemon", action="store_true")
    for names in (["--pid"], ["-l", "--log-file"], ["--stdout"], ["--stderr"]):
        parser.add_argument(*names, type=Path)
    options, rest = parser.parse_known_args(words[1:])
    if not options.daemon:
        return None
    command = words[0]
    log = options.log_file or home / f"airflow-{command}.log"
    pid_file = options.pid or home / f"airflow-{command}.pid"
    return Daemon([command, *rest], pid_file, options.stdout or log, options.stderr or log)


def fork(daemon: Daemon) -> int:
    """Fork a background process and watch whether it stays; returns its id and, in that process, zero.

    A fork runs the code of this process, whatever the current folder contains.

    Raises:
        AirflowError: it is running already, or ended at once.
        OSError: one of its files cannot be written.
    """
    outputs = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) for path in (daemon.stdout, daemon.stderr)]
    lock = _lock(daemon)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if not pid:
        os.setsid()
        for number, file in enumerate([os.open(os.devnull, os.O_RDONLY), *outputs]):
            os.dup2(file, number)
        return 0
    os.write(lock, f"{pid}\n".encode())
    # The other process holds the lock on.
    for file in (lock, *outputs):
        os.close(file)
    _watch(pid, daemon)
    return pid


def _lock(daemon: Daemon) -> int:
    """The pid file, open and locked."""
    file = os.open(daemon.pid_file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = os.read(file, 20).decode(errors="replace").strip()
        os.close(file)
        message = f"{daemon.words[0]} is already running (process {pid}; stop it with `kill {pid}`)"
        raise AirflowError(message) from error
    os.ftruncate(file, 0)
    return file


def _watch(pid: int, daemon: Daemon) -> None:
    deadline = time.monotonic() + _WATCHED
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            raise AirflowError(f"{daemon.words[0]} exited with code {code}; see {daemon.stderr}")
        time.sleep(_WATCHED / 20)


def remove_stale_pid_file(path: Path) -> None:
    """Remove the pid file of a process that has ended: the system can reuse its PID."""
    with suppress(OSError, ValueError):
        if not start_of(int(path.read_text(encoding="ascii"))):
            path.unlink()


def start_of(pid: int) -> str:
    """The start time of a process, which distinguishes it from a later one with the same id; empty if it has ended."""
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text.rpartition(")")[2].split()[_START_FIELD]
    return process.run(["ps", "-o", "lstart=", "-p", str(pid)], limit=10).stdout.strip()
