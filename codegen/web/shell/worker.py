"""The worker process for drafts, with limits on time and memory, so that no draft can block the server."""

from __future__ import annotations

import pickle
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock
from typing import Any

from codegen import process
from codegen.proposals import Proposal

# Limits of a task: seconds of CPU time, and bytes of memory.
LIMIT = 2
MEMORY = 1 << 30
# Tells the worker to kill the fork of its task.
CANCEL = signal.SIGUSR1
_POLL_SECONDS = 0.05
# Use the import path of this process, without the working directory.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from codegen.web.shell.worker_program import main; main()"
_CAUSES: dict[int, str] = {
    signal.SIGPROF: f"takes longer than {LIMIT} seconds to check",
    signal.SIGALRM: f"takes longer than {LIMIT} seconds to check",
    signal.SIGKILL: "cannot be checked: its process was killed, probably for lack of memory",
}


@dataclass(frozen=True)
class Task:
    """A picklable function call with a request.

    Attributes:
        function: a function with a `RequestContext` as its first argument.
        scope: parts of the ASGI scope, without the session cookie.
        warm_up: a function of a `RequestContext`, called once per project without a limit.
        seconds: the limit on CPU time, in addition to the time for a trivial draft of the project.
        proposals: the open proposals.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    root: Path
    scope: Mapping[str, Any]
    form: Mapping[str, str]
    csrf: str
    warm_up: Callable[..., Any]
    seconds: float
    proposals: Sequence[Proposal] | None = None


class StoppedError(Exception):
    """A task was stopped. The message completes the sentence "This text ..."."""


def stopped(code: int) -> StoppedError:
    """Return the error for the exit code of a process, negative for a signal."""
    return StoppedError(_CAUSES.get(-code, f"cannot be checked: its process exited with code {code}"))


class Worker:
    """A child process that runs one task at a time. It starts on demand, and restarts after a kill."""

    def __init__(self) -> None:
        """Defer the start to the first task."""
        self._lock = Lock()
        self._child: process.Child | None = None

    def run(self, task: Task, is_cancelled: Callable[[], bool] = lambda: False) -> Any:  # noqa: ANN401  # the result of any function
        """Run a task in the child process.

        Raises:
            StoppedError: it exceeded a limit, its process was killed, or it was cancelled.
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
            while not wait([child.stdout.fileno()], _POLL_SECONDS):
                if is_cancelled():
                    child.send_signal(CANCEL)
            value, error = pickle.load(child.stdout)  # noqa: S301  # our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            self._drop(child)
            return None, stopped(child.returncode)
        return value, error

    def _drop(self, child: process.Child) -> None:
        self._child = None
        process.end_helper(child)


@cache
def shared_worker() -> Worker:
    """Return the worker that all sites in this process share; each task names its project."""
    return Worker()
