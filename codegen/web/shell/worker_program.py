"""The program of the worker: caches projects in memory, and forks a process for each task.

A fork shares the memory of the single-threaded worker, and the kernel kills it when it exceeds its limits.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request

from codegen.isolation import limit_memory
from codegen.web.shell.request_context import RequestContext, Site
from codegen.web.shell.worker import CANCEL, MEMORY, StoppedError, Task, stopped
from codegen.web.shell.workspace import BrokenProjectError

# Lower priority than the server.
_NICENESS = 5
# Limit on elapsed time as a multiple of the CPU time, for forks that wait, for example for a disk.
_ELAPSED_FACTOR = 5
# Limit on cached projects: the checkout and proposals.
_MAX_PROJECTS = 4


def main() -> None:
    """Read tasks from stdin until the server closes it, and write their values or errors to stdout."""
    tasks, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    project_at = lru_cache(maxsize=_MAX_PROJECTS)(_Project)
    with suppress(EOFError, BrokenPipeError):
        while True:
            task: Task = pickle.load(tasks)  # noqa: S301  # the server's
            results.write(project_at(task.root).result_of(task))
            results.flush()


def context_of(task: Task, site: Site) -> RequestContext:
    """Create the request of a task."""
    request = Request({**task.scope})
    return RequestContext(replace(site, csrf=task.csrf), request, task.form, given_proposals=task.proposals)


class _Project:
    """A project, cached for its next task."""

    def __init__(self, root: Path) -> None:
        self._site = Site.of(root, {})
        self._fork = 0
        # CPU time of a trivial draft, which grows with the project; None before the first one.
        self._seconds: float | None = None

    def result_of(self, task: Task) -> bytes:
        """Run a task in a fork, and return its pickled value or error."""
        signal.signal(CANCEL, self._cancel)
        try:
            context = self._context(task)
        except Exception as error:  # noqa: BLE001  # the server raises it
            return _failed(error)
        reading, writing = os.pipe()
        self._fork = os.fork()
        if self._fork == 0:
            _compute(task, context, writing, task.seconds + 2 * (self._seconds or 0))
        os.close(writing)
        with os.fdopen(reading, "rb") as file:
            result = file.read()
        # Reap the fork after it can no longer be cancelled, since its PID is reused after that.
        fork, self._fork = self._fork, 0
        code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
        return _failed(stopped(code)) if code else result

    def _cancel(self, *_: object) -> None:
        if self._fork:
            os.kill(self._fork, signal.SIGKILL)

    def _context(self, task: Task) -> RequestContext:
        """Create the request of a task, and read the current project without a limit."""
        context = context_of(task, self._site)
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
        _limit(seconds)
        with os.fdopen(writing, "wb") as file:
            file.write(_result(task, context))
        code = 0
    finally:
        os._exit(code)


def _limit(seconds: float) -> None:
    """Set the kernel's limits on the time and memory of this process."""
    for timer, number, limit in (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, seconds * _ELAPSED_FACTOR),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, limit)
    limit_memory(MEMORY)


def _result(task: Task, context: RequestContext) -> bytes:
    try:
        value: Any = task.function(context, *task.arguments)
        return pickle.dumps((value, None))
    except MemoryError:
        return _failed(StoppedError("takes too much memory to check"))
    except Exception as error:  # noqa: BLE001  # the server raises it
        return _failed(error)


def _failed(error: Exception) -> bytes:
    """Pickle an error for the server to raise; a bug as its traceback, for the log."""
    is_answer = isinstance(error, (HTTPException, BrokenProjectError, StoppedError))
    return pickle.dumps((None, error if is_answer else RuntimeError("".join(traceback.format_exception(error)))))
