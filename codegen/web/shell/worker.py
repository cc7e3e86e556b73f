"""A process that computes drafts: no text that an author sends can freeze the server or outlive its limit."""

from __future__ import annotations

import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock
from typing import Any

from codegen import process

# Of a task: the seconds, and the bytes.
LIMIT = 2
MEMORY = 1 << 30
# Tells the worker to kill the fork of its task.
CANCEL = signal.SIGUSR1
_PAUSE = 0.05
# The modules are those of this process, whatever the working directory has.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from codegen.web.shell.worker_program import main; main()"
_CAUSES: dict[int, str] = {
    signal.SIGPROF: f"takes longer than {LIMIT} seconds to check",
    signal.SIGALRM: f"takes longer than {LIMIT} seconds to check",
    signal.SIGKILL: "cannot be checked: its process was killed, probably for lack of memory",
}


@dataclass(frozen=True)
class Task:
    """A function to call with a request, as data that can be pickled.

    Attributes:
        function: it takes a `RequestContext` first.
        scope: what ASGI has of the request, without the cookie of the login.
        warm_up: a function of such a request, called once for each project before there is a limit.
        seconds: the limit of CPU time, besides what its project takes by itself.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    root: Path
    scope: Mapping[str, Any]
    form: Mapping[str, str]
    csrf: str
    warm_up: Callable[..., Any]
    seconds: float


class StoppedError(Exception):
    """A task without a result; the text says why, as the end of "This text ..."."""


def stopped(code: int) -> StoppedError:
    """The error of a process that ended with this exit code, below zero for a signal."""
    return StoppedError(_CAUSES.get(-code, f"cannot be checked: its process ended with {code}"))


class Worker:
    """The process. It starts with the first task, and again after it was killed; it takes one task at a time."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = Lock()
        self._child: process.Child | None = None

    def run(self, task: Task, is_cancelled: Callable[[], bool] = lambda: False) -> Any:  # noqa: ANN401  # what the function returns
        """Call the function of a task there.

        Raises:
            StoppedError: it reached a limit, its process was killed, or it was cancelled.
        """
        sent = pickle.dumps(task)
        with self._lock:
            value, error = self._ask(sent, is_cancelled)
        if error:
            raise error
        return value

    def _ask(self, sent: bytes, is_cancelled: Callable[[], bool]) -> tuple[Any, Exception | None]:
        if process.ending.is_set():
            return None, StoppedError("cannot be checked: the server is shutting down")
        if self._child and self._child.poll() is not None:
            self._drop(self._child)
        if self._child is None:
            command = [sys.executable, "-c", _PROGRAM, *sys.path]
            self._child = process.start_helper(command, name="the worker of the page")
        child = self._child
        assert child.stdin  # noqa: S101  # for mypy: `start_helper` pipes both
        assert child.stdout  # noqa: S101
        try:
            child.stdin.write(sent)
            child.stdin.flush()
            while not wait([child.stdout.fileno()], _PAUSE):
                if is_cancelled():
                    child.send_signal(CANCEL)
            value, error = pickle.load(child.stdout)  # noqa: S301  # our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            self._drop(child)
            return None, stopped(child.returncode)
        return value, error

    def _drop(self, child: process.Child) -> None:
        """End it, and close its pipes, with what it has not taken."""
        self._child = None
        process.end(child)
        with suppress(OSError), child:
            pass


@cache
def shared_worker() -> Worker:
    """The one worker of this process: tasks say which project they are about."""
    return Worker()
