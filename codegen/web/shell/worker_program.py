"""The program of the worker: it keeps the project in memory, and forks a process for each task.

A fork shares the memory of the single-threaded worker, and the kernel kills it at its limits.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from starlette.requests import Request

from codegen.web.shell.request_context import RequestContext, Site
from codegen.web.shell.worker import MEMORY, Outcome, Task

# Lower priority than the server.
_NICENESS = 5
# Limit on elapsed time as a multiple of the CPU time, for a fork that waits, for example on a disk.
_PATIENCE = 5


def main() -> None:
    """Read tasks from stdin until the server closes it, and write their outcomes to stdout."""
    tasks, outcomes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    project = None
    with suppress(EOFError, BrokenPipeError):
        while True:
            task: Task = pickle.load(tasks)  # noqa: S301  # the server's
            if project is None or project.root != task.root:
                project = _Project(task.root)
            outcomes.write(project.outcome_of(task))
            outcomes.flush()


class _Project:
    """The project of the latest task, cached for the next one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._site = Site.of(root, {})
        # CPU time of a trivial draft, which grows with the project; None before the first one.
        self._seconds: float | None = None

    def outcome_of(self, task: Task) -> bytes:
        """Run a task in a fork, and return its pickled outcome."""
        try:
            context = self._context(task)
        except Exception as error:  # noqa: BLE001  # the server raises it
            return _pickled(_failed(error))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _compute(task, context, writing, task.seconds + 2 * (self._seconds or 0))
        os.close(writing)
        with os.fdopen(reading, "rb") as file:
            outcome = file.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return _pickled(Outcome(ended=abs(code))) if code else outcome

    def _context(self, task: Task) -> RequestContext:
        """The request of a task, with the current project, which is read without a limit."""
        context = RequestContext(replace(self._site, csrf=task.csrf), Request({**task.scope}), task.form)
        context.snapshot  # noqa: B018  # reads the project
        if self._seconds is None:
            before = time.process_time()
            task.warm_up(context)
            self._seconds = time.process_time() - before
        return context


def _compute(task: Task, context: RequestContext, writing: int, seconds: float) -> NoReturn:
    """Call the function of a task in the fork, and exit."""
    code = 1
    try:
        gc.freeze()
        _limit(seconds)
        outcome = _caught(lambda: Outcome(task.function(context, *task.arguments)))
        with os.fdopen(writing, "wb") as file:
            file.write(_pickled(outcome))
        code = 0
    finally:
        os._exit(code)


def _limit(seconds: float) -> None:
    """Set the kernel's limits on the time and memory of this process."""
    for timer, number, limit in (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, seconds * _PATIENCE),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, limit)
    # Linux only.
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, most))


def _caught(function: Callable[[], Outcome]) -> Outcome:
    try:
        return function()
    except MemoryError:
        return Outcome(ended=0)
    except Exception as error:  # noqa: BLE001  # the server raises it
        return _failed(error)


def _failed(error: Exception) -> Outcome:
    return Outcome(error=error, trace=traceback.format_exc())


def _pickled(outcome: Outcome) -> bytes:
    """Pickle an outcome, replacing an exception that cannot be pickled."""
    data = pickle.dumps(outcome)
    if outcome.error:
        try:
            pickle.loads(data)  # noqa: S301  # what was just written
        except Exception:  # noqa: BLE001  # it may demand other arguments than it keeps
            return pickle.dumps(replace(outcome, error=RuntimeError(str(outcome.error))))
    return data
