"""Runs several programs that start and stop together."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codegen import process

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds between two polls, until a program counts as started, and from the first and second signal to the kill.
_POLL_SECONDS = 0.1
_START_SECONDS = 60
_GRACE_SECONDS = 20
_SHORT_GRACE_SECONDS = 5
# The numbers of <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """A program to run: `is_ready` when the next can start, `stop` shuts it down, `started` is called with its PID."""

    name: str
    command: Sequence[str | Path]
    is_ready: Callable[[], bool] = lambda: True
    stop: signal.Signals = signal.SIGTERM
    started: Callable[[int], None] = lambda _: None


def supervise(programs: Sequence[Program], env: Mapping[str, str], notify: Callable[[str], None]) -> int:
    """Run programs, each when the one before it is ready, until one ends or a signal arrives.

    Then all are stopped, the last one first: it may need the others to finish its work, and can take its time unless
    a second signal arrives. On Linux, their children are stopped too, and if this process itself is killed, each
    program receives its stop signal.

    Returns:
        The exit code of the last program; 1 if another one exited before it.
    """
    running: list[_Running] = []
    received: list[int] = []
    if _LIBC:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    with process.handling(_SIGNALS, lambda number, _: received.append(number)):
        try:
            for program in programs:
                running.append(_Running(program, env))
                _await_start(running, received)
                if received or not all(one.is_alive() for one in running):
                    break
            while not received and all(one.is_alive() for one in running):
                time.sleep(_POLL_SECONDS)
            died = [one for one in running if not one.is_alive() and one.program is not programs[-1]]
            for one in died:
                notify(f"{one.program.name} exited with code {one.code}; stopping the others")
            if received:
                notify("stopping when the running tasks have finished; interrupt again to stop at once")
            last = running[-1]
            _end(last, received, wait=not died and last.program is programs[-1])
            return last.code or (1 if died else 0)
        finally:
            for one in running:
                one.signal(one.program.stop)
            deadline = time.monotonic() + _GRACE_SECONDS
            for one in running:
                one.end_by(deadline)
            _end_orphans()


def _await_start(running: list[_Running], received: list[int]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and not received and all(one.is_alive() for one in running):
        if running[-1].program.is_ready():
            return
        time.sleep(_POLL_SECONDS)


def _end(main: _Running, received: list[int], *, wait: bool) -> None:
    """Stop the last program; with `wait`, without a time limit until another signal arrives."""
    before = len(received)
    main.signal(main.program.stop)
    deadline = time.monotonic() + _GRACE_SECONDS
    while main.is_alive() and (time.monotonic() < deadline or wait) and len(received) == before:
        time.sleep(_POLL_SECONDS)
    if main.is_alive():
        main.signal(main.program.stop)
        main.end_by(time.monotonic() + _SHORT_GRACE_SECONDS)


class _Running:
    """A running program in its own session: Ctrl+C in a terminal only reaches this process, which forwards it."""

    def __init__(self, program: Program, env: Mapping[str, str]) -> None:
        self.program = program
        parent = os.getpid()
        self._process = process.start(
            program.command,
            env=env,
            stdin=process.NO_INPUT,
            start_new_session=True,
            preexec_fn=lambda: _bind(parent, program.stop),
        )
        program.started(self._process.pid)

    @property
    def code(self) -> int:
        """Its exit code, once it has exited."""
        return process.exit_code(self._process.returncode)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.is_alive():
            self._process.send_signal(number)

    def end_by(self, deadline: float) -> None:
        """Wait until the deadline for it to exit, then kill its whole session."""
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if self.is_alive():
            process.end(self._process, grace=0)


def _bind(parent: int, stop: signal.Signals) -> None:
    """In the new process: let Linux send the signal when the parent dies.

    The signal must not be ignored, as a shell lets its background jobs ignore interrupts.
    """
    signal.signal(stop, signal.SIG_DFL)
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, stop)
        if os.getppid() != parent:
            os._exit(1)


def _end_orphans() -> None:
    """Stop the processes that the programs left behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _SHORT_GRACE_SECONDS
        for pid in _children():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while _children() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _children() -> list[int]:
    """Return the running children of this process; exited ones are reaped."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(pid) for pid in text.split()]
