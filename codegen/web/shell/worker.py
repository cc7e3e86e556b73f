"""The worker process for drafts, with limits on time and memory, so that no draft can block the server."""

from __future__ import annotations

import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import finalize

from codegen import process

# Limits of a task: seconds of CPU time, and bytes of memory.
LIMIT = 2
MEMORY = 1 << 30
# Use the import path of this process, without the working directory.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from codegen.web.shell.worker_program import main; main()"
_TOO_LONG = {signal.SIGPROF, signal.SIGALRM, signal.SIGXCPU}


@dataclass(frozen=True)
class Task:
    """A call of a function with a request, which can be pickled.

    Attributes:
        function: a function with a `RequestContext` as its first argument.
        scope: parts of the ASGI scope, without the session cookie.
        warm_up: a function of a `RequestContext`, called once per project without a limit.
        seconds: the limit on CPU time, in addition to the time for a trivial draft of the project.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    root: Path
    scope: Mapping[str, Any]
    form: Mapping[str, str]
    csrf: str
    warm_up: Callable[..., Any]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """The result of a task: a value, an exception, or the signal that killed its process.

    Attributes:
        trace: the traceback of the exception.
        ended: the number of the signal; zero after a MemoryError.
    """

    value: Any = None
    error: Exception | None = None
    trace: str = ""
    ended: int | None = None


class StoppedError(Exception):
    """A task was stopped; the message is the reason, as the predicate of "This text ..."."""


class _WorkerTracebackError(Exception):
    """The traceback of an exception in the worker, shown in the server's log as the cause."""


class Worker:
    """A child process that runs one task at a time. It starts with the first task, and restarts after a kill."""

    def __init__(self) -> None:
        """Defer the start to the first task."""
        self._lock = Lock()
        self._child: process.Child | None = None

    def run(self, task: Task) -> Any:  # noqa: ANN401  # what the function returns
        """Run a task in the child process.

        Raises:
            StoppedError: it exceeded a limit, or its process was killed.
        """
        sent = pickle.dumps(task)
        with self._lock:
            outcome = self._ask(sent)
        if outcome.error:
            raise outcome.error from _WorkerTracebackError(outcome.trace)
        if outcome.ended is not None:
            raise StoppedError(_reason(outcome.ended))
        return outcome.value

    def _ask(self, sent: bytes) -> Outcome:
        if self._child is None or self._child.poll() is not None:
            command = [sys.executable, "-c", _PROGRAM, *sys.path]
            self._child = process.start_helper(command, name="the worker of the page")
            finalize(self, _end, self._child)
        child = self._child
        assert child.stdin  # noqa: S101  # for mypy: `start_helper` pipes both
        assert child.stdout  # noqa: S101
        try:
            child.stdin.write(sent)
            child.stdin.flush()
            outcome: Outcome = pickle.load(child.stdout)  # noqa: S301  # our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            _end(child)
            return Outcome(ended=-child.returncode)
        return outcome


@cache
def shared_worker() -> Worker:
    """The worker that all sites in this process share; each task names its project."""
    return Worker()


def _reason(number: int) -> str:
    if number in _TOO_LONG:
        return f"takes longer than {LIMIT} seconds to check"
    if number in {0, signal.SIGKILL}:
        return "takes too much memory to check"
    return f"cannot be checked: the process that checks it was ended by signal {number}"


def _end(child: process.Child) -> None:
    process.end(child)
    for pipe in (child.stdin, child.stdout):
        if pipe:
            with suppress(OSError):
                pipe.close()
