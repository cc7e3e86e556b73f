"""A process that computes drafts: no text that an author sends can freeze the server or outlive its limit."""

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

# Of a task: the seconds, and the bytes.
LIMIT = 2
MEMORY = 1 << 30
# The modules are those of this process, whatever the working directory has.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from codegen.web.shell.worker_program import main; main()"
_TOO_LONG = {signal.SIGPROF, signal.SIGALRM, signal.SIGXCPU}


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


@dataclass(frozen=True)
class Outcome:
    """What became of a task: its value or exception, or how its process has ended.

    Attributes:
        trace: the traceback of the exception.
        ended: the number of the signal; zero where memory was missing.
    """

    value: Any = None
    error: Exception | None = None
    trace: str = ""
    ended: int | None = None


class StoppedError(Exception):
    """A task without an outcome; the text says why, as the end of "This text ..."."""


class _WorkerTracebackError(Exception):
    """The traceback of an exception in the worker, which the server's log shows as its cause."""


class Worker:
    """The process. It starts with the first task, and again after it was killed; it takes one task at a time."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = Lock()
        self._child: process.Child | None = None

    def run(self, task: Task) -> Any:  # noqa: ANN401  # what the function returns
        """Call the function of a task there.

        Raises:
            StoppedError: it reached a limit, or its process was killed.
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
    """The one worker of this process: tasks say which project they are about."""
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
