"""Runs commits, pushes and similar operations in the background, since git hooks can take minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from codegen import process
from codegen.git import Watch
from codegen.sync.lock import LockedError
from codegen.web.shell.recent import Recent

# Seconds: how long a request waits for an operation, and how long an operation runs without requests from its page,
# which polls. Browsers poll less often in background tabs.
_REQUEST_TIMEOUT = 1
_PAGE_TIMEOUT = 90


@dataclass
class Operation(Recent):
    """A running or finished operation.

    Attributes:
        noun: `commit` or `push`.
        branch: the requested branch; empty for the current one.
        ended: the handler that shows its result, from the request and the operation.
        line: the last line of output from git or a hook.
        result: the result of the `work` of `Operations.start`.
    """

    noun: str
    branch: str
    ended: Callable[[Any, Operation], Any]
    line: str = ""
    result: Future[Any] = field(default_factory=Future)
    _started: float = field(default_factory=time.monotonic)
    _seen: float = field(default_factory=time.monotonic)
    _is_cancelled: bool = False

    @property
    def address(self) -> str:
        """The path of its page."""
        return f"/operations/{self.key}"

    @property
    def seconds(self) -> int:
        """The time since its start."""
        return int(time.monotonic() - self._started)

    @property
    def reason(self) -> str:
        """Why other writes are refused."""
        return f"a {self.noun} has been waiting for git and its hooks for {self.seconds} seconds"

    @property
    def watch(self) -> Watch:
        """The callbacks for git."""
        return Watch(self._note, self.is_cancelled)

    def _note(self, line: str) -> None:
        self.line = line

    def poll(self) -> bool:
        """Record a request from its page, wait briefly, and return whether it has finished."""
        self._seen = time.monotonic()
        wait([self.result], _REQUEST_TIMEOUT)
        return self.result.done()

    def cancel(self) -> None:
        """Stop git and its hooks."""
        self._is_cancelled = True

    def is_cancelled(self) -> bool:
        """Return whether it was cancelled, its page was closed, or the server is shutting down."""
        return self._is_cancelled or process.ending.is_set() or time.monotonic() - self._seen > _PAGE_TIMEOUT


class Operations:
    """Runs one operation at a time in the background. Thread-safe."""

    def __init__(self, noun: str = "commit") -> None:
        """Start without operations."""
        self._noun = noun
        self._executor = ThreadPoolExecutor(1, noun)
        self._lock = Lock()
        self.latest: Operation | None = None

    def start(
        self, branch: str, work: Callable[[Operation], object], ended: Callable[[Any, Operation], Any]
    ) -> Operation:
        """Run `work` in the background; `ended` shows its result.

        Raises:
            LockedError: another operation is running.
        """
        with self._lock:
            if self.latest and not self.latest.poll():
                raise LockedError(self.latest.reason)
            self.latest = Operation(self._noun, branch, ended)
            self.latest.result = self._executor.submit(work, self.latest)
            return self.latest

    @property
    def running(self) -> Operation | None:
        """The running operation."""
        return self.latest if self.latest and not self.latest.result.done() else None

    @property
    def slow(self) -> Operation | None:
        """The running operation, if it takes too long for requests to wait for it."""
        return running if (running := self.running) and running.seconds >= _REQUEST_TIMEOUT else None
