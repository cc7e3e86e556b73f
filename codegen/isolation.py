"""Calls functions in a child process with limits, for templates and patterns of a project.

The process starts at the first call, and again after it was killed at a limit. It runs one call at a time.
"""

from __future__ import annotations

import atexit
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from codegen import process

T = TypeVar("T")
# Bytes in addition to the memory that the process has at its start.
_MEMORY = 1 << 29
# Uses the module path of this process, not the working directory.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from codegen.isolation import serve; serve()"
_lock = Lock()
# By parent process: a fork starts its own child.
_children: dict[int, process.Child] = {}


class LimitError(Exception):
    """A call reached a limit; the message continues "it ..."."""


def isolated(seconds: float, function: Callable[..., T], *arguments: object) -> T:
    """Call a module-level function in the child process.

    Args:
        seconds: the limit of CPU time.
        function: the function; its result and exceptions must be picklable.
        arguments: its arguments, which must be picklable.

    Raises:
        LimitError: the call reached a limit.
    """
    sent = pickle.dumps((seconds, function, arguments))
    with _lock:
        child = _children.get(os.getpid())
        if child and child.poll() is not None:
            _end(child)
            child = None
        child = child or _start()
        try:
            result, error = _ask(child, sent)
        except BaseException as failure:
            _end(child)
            if isinstance(failure, OSError | EOFError | pickle.UnpicklingError):
                is_time = child.returncode == -signal.SIGPROF
                reason = f"takes more than {seconds:g} seconds" if is_time else "crashes the process that computes it"
                raise LimitError(reason) from failure
            raise
    if isinstance(error, MemoryError):
        raise LimitError("takes too much memory")
    if error:
        raise error
    value: T = result
    return value


def _start() -> process.Child:
    command = [sys.executable, "-c", _PROGRAM, *sys.path]
    child = process.start_helper(command, name="the process for templates and patterns")
    _children[os.getpid()] = child
    atexit.register(_end, child)
    return child


def _ask(child: process.Child, sent: bytes) -> tuple[Any, Exception | None]:
    assert child.stdin  # noqa: S101  # for mypy: `start_helper` pipes both
    assert child.stdout  # noqa: S101
    child.stdin.write(sent)
    child.stdin.flush()
    answer: tuple[Any, Exception | None] = pickle.load(child.stdout)  # noqa: S301  # our own process
    return answer


def _end(child: process.Child) -> None:
    atexit.unregister(_end)
    _children.pop(os.getpid(), None)
    process.end_helper(child)


def serve() -> None:
    """Run calls from stdin until it is closed, and write their results to stdout."""
    calls, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_memory(_MEMORY)
    with suppress(EOFError, BrokenPipeError):
        while True:
            seconds, function, arguments = pickle.load(calls)  # noqa: S301  # our own process
            signal.setitimer(signal.ITIMER_PROF, seconds)
            try:
                result: tuple[Any, Exception | None] = function(*arguments), None
            except Exception as error:  # noqa: BLE001  # the caller raises it
                result = None, error
            signal.setitimer(signal.ITIMER_PROF, 0)
            results.write(pickle.dumps(result))
            results.flush()


def limit_memory(more: int) -> None:
    """Limit this process to its current memory plus some bytes, on Linux only."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, most))
