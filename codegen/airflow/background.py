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

# Seconds for which the process is watched.
_WATCH_SECONDS = 2.0
# The index of the start time, in ticks since boot, in the fields after the program name in /proc/PID/stat.
_START_FIELD = 19


@dataclass(frozen=True)
class Daemon:
    """A command of Airflow to run in the background.

    Its pid file is locked while the process lives, so a stale file is recognized.
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
    """Read Airflow's daemon options; None if the command is not to run in the background."""
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
    """Fork a background process and watch it briefly; returns its PID, or zero in the new process.

    A fork runs the code of this process, independent of the current directory.

    Raises:
        AirflowError: it is already running, or exited at once.
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
    # The other process keeps the lock.
    for file in (lock, *outputs):
        os.close(file)
    _watch(pid, daemon)
    return pid


def _lock(daemon: Daemon) -> int:
    """Return the pid file, open and locked."""
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
    deadline = time.monotonic() + _WATCH_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            raise AirflowError(f"{daemon.words[0]} exited with code {code}; see {daemon.stderr}")
        time.sleep(_WATCH_SECONDS / 20)


def remove_stale_pid_file(path: Path) -> None:
    """Remove the pid file of a process that has exited: the system can reuse its PID."""
    with suppress(OSError, ValueError):
        if not start_of(int(path.read_text(encoding="ascii"))):
            path.unlink()


def start_of(pid: int) -> str:
    """Return the start time of a process; empty if it has exited. A later process with the same PID has another one."""
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text.rpartition(")")[2].split()[_START_FIELD]
    return process.run(["ps", "-o", "lstart=", "-p", str(pid)], limit=10).stdout.strip()
