"""Loads many DAG files inside an Airflow installation, for `codegen/airflow/loading.py`: one line of JSON for each.

It runs on the Python of that installation (3.8 and later), imports Airflow once and forks a few times. Each fork loads
its share of the files one after another, as Airflow's DagBag does: a fork for each file takes twenty times as long. A
file that ends or blocks its process only loses its own result, since another fork continues with the next file. If a
file fails that is not the first of its fork, an earlier file may be the cause, so another fork retries it first.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import selectors
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    _Operation = Callable[..., "dict[str, Any]"]
    # The number of a file, its path, and its DAGs folder.
    _File = tuple[int, str, str]

# The minimum number of files per fork, and the maximum number of forks.
_MIN_FILES_PER_FORK = 25
_MAX_FORKS = 8
# Seconds from Airflow's time limit for a file to the kill, and between two polls.
_GRACE_SECONDS = 5
_POLL_SECONDS = 0.5
_LOG_TAIL_BYTES = 4_000
# How many files of a share are retried: if a package is missing, all fail, and a fork takes 0.1 seconds.
_MAX_RETRIES = 20


class _Fork:
    """A forked process with its share of the files; `files` are those without an answer."""

    def __init__(self, operation: _Operation, files: list[_File], limit: float) -> None:
        self.files = files
        self._again = _MAX_RETRIES
        self._operation = operation
        self._limit = limit
        self.start()

    def start(self) -> None:
        """Fork for the remaining files."""
        self._text, self._is_fresh = b"", True
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115  # both processes use it
        self.pipe, theirs = os.pipe()
        self._deadline = time.monotonic() + self._limit
        with warnings.catch_warnings():
            # Python warns about forks in processes with threads; no thread is joined here.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if not self._pid:
            os.close(self.pipe)
            _work(self._operation, self.files, theirs, self._log, is_final=not self._again)
        os.close(theirs)
        os.set_blocking(self.pipe, False)

    def answers(self, overdue: str) -> list[dict[str, Any]]:
        """Return the answers since the last call. `overdue` kills the process, and answers for all remaining files."""
        # A program that a file started can keep the pipe open after the process has exited.
        ended, status = os.waitpid(self._pid, os.WNOHANG)
        found = self._read()
        why = overdue
        if not why and not ended and time.monotonic() > self._deadline:
            why = "TimeoutError: DagBag import timeout"
        is_lost = bool(why) or self._is_fresh or not self._again
        if why and not ended:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        if why or ended:
            os.close(self.pipe)
            why = why or _tail(self._log.fileno()) or _end(status)
            self._again -= not is_lost
            lost = self._lost(overdue) if is_lost else []
            found += [{"number": each[0], "crashed": why} for each in lost]
            self._log.close()
            if self.files:
                self.start()
        return found

    def _lost(self, overdue: str) -> list[_File]:
        """Return the files that failed with the process: the current one, or all remaining ones."""
        number = len(self.files) if overdue else 1
        lost, self.files = self.files[:number], self.files[number:]
        return lost

    def _read(self) -> list[dict[str, Any]]:
        with suppress(BlockingIOError):
            while True:
                part = os.read(self.pipe, 1 << 20)
                if not part:
                    break
                self._text += part
        *lines, self._text = self._text.split(b"\n")
        for _ in lines:
            self._deadline = time.monotonic() + self._limit
            self.files, self._is_fresh = self.files[1:], False
        return [json.loads(line) for line in lines]


def load_all(operation: _Operation, files: list[_File], limit: float, limit_of_all: float, answers: IO[str]) -> None:
    """Write an answer for each file as it is loaded.

    Args:
        operation: the function to call with a path and its DAGs folder.
        files: the files.
        limit: the time for a file, in seconds.
        limit_of_all: the time for all files together.
        answers: the file for the answers.
    """
    deadline, done = time.monotonic() + limit_of_all, 0
    number = max(1, min(_MAX_FORKS, os.cpu_count() or 1, len(files) // _MIN_FILES_PER_FORK))
    gc.freeze()
    forks = [_Fork(operation, files[start::number], limit) for start in range(number) if files[start::number]]
    while forks:
        with selectors.DefaultSelector() as selector:
            for fork in forks:
                selector.register(fork.pipe, selectors.EVENT_READ)
            selector.select(_POLL_SECONDS)
        late = time.monotonic() > deadline
        overdue = f"TimeoutError: the files together take longer than {limit_of_all:.0f} seconds" if late else ""
        for answer in [answer for fork in forks for answer in fork.answers(overdue)]:
            done += 1
            print(json.dumps({"done": done, **answer}), file=answers)
        answers.flush()
        forks = [fork for fork in forks if fork.files]


def _work(operation: _Operation, files: list[_File], pipe: int, log: IO[bytes], *, is_final: bool) -> None:
    """Answer for the files one by one, and exit without the parent's exit handlers."""
    code, pid = 1, os.getpid()
    environ, path, cwd = dict(os.environ), list(sys.path), os.getcwd()  # noqa: PTH109  # as text
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        for number, file, folder in files:
            answer = operation(file, folder)
            if os.getpid() != pid:
                # The DAG file has forked, and this is its child.
                break
            if answer["errors"] and number != files[0][0] and not is_final:
                # No answer, so that another fork starts with this file.
                break
            _flush()
            text = json.dumps({"number": number, "log": _tail(log.fileno()), **answer}) + "\n"
            _write(pipe, text.encode())
            os.ftruncate(log.fileno(), 0)
            # Undo changes by this file before the next.
            if dict(os.environ) != environ:
                os.environ.clear()
                os.environ.update(environ)
            sys.path[:] = path
            os.chdir(cwd)
        code = 0
    except BaseException:  # noqa: BLE001  # a DAG file can raise anything
        traceback.print_exc()
    finally:
        _flush()
        logging.shutdown()
        os._exit(code)


def _end(status: int) -> str:
    """Return the reason why a process exited."""
    signalled = os.WIFSIGNALED(status)
    what = f"signal {os.WTERMSIG(status)}" if signalled else f"status {os.WEXITSTATUS(status)}"
    return f"SystemError: the file exits Python with {what}"


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _write(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


def _tail(log: int) -> str:
    size = os.fstat(log).st_size
    return os.pread(log, _LOG_TAIL_BYTES, max(0, size - _LOG_TAIL_BYTES)).decode(errors="replace")


def _main() -> None:
    """Answer the request on stdin; the first line of the answers is about Airflow itself."""
    # Airflow logs to stdout too: answers go to a copy of stdout, everything else to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    inside: Any = import_module("inside")
    # A DAG file must not import the modules in this folder.
    sys.path.pop(0)
    del sys.modules["inside"]
    print(json.dumps(inside.warm_up()), file=answers, flush=True)
    request = json.load(sys.stdin)
    limit = (inside.import_limit() or 30) + _GRACE_SECONDS
    operation = partial(inside.import_file, behaviour=request["behaviour"])
    load_all(operation, request["files"], limit, request["limit"], answers)


if __name__ == "__main__":
    _main()
