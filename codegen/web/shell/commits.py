"""Background commits and pushes of the page, since git hooks can take minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from codegen import process
from codegen.sync.lock import LockedError

# Seconds: how long a request waits for a commit, and how long a commit runs without requests from its page, which
# polls. Browsers poll less often in a background tab.
_PATIENCE = 1
_WATCHED = 90


@dataclass
class Commit:
    """A running or finished commit or push.

    Attributes:
        noun: `commit` or `push`.
        address: the path of its page.
        branch: the requested branch; empty for the current one.
        line: the last line of output from git or a hook.
        result: the result of the `work` of `Commits.start`.
    """

    noun: str
    address: str
    branch: str
    line: str = ""
    result: Future[Any] = field(default_factory=Future)
    _started: float = field(default_factory=time.monotonic)
    _seen: float = field(default_factory=time.monotonic)
    _is_cancelled: bool = False

    @property
    def seconds(self) -> int:
        """The time since its start."""
        return int(time.monotonic() - self._started)

    @property
    def reason(self) -> str:
        """Why other writes are refused."""
        return f"a {self.noun} has been waiting for git and its hooks for {self.seconds} seconds"

    def note(self, line: str) -> None:
        """Record the last line of output."""
        self.line = line

    def look(self) -> bool:
        """Record a request from its page, wait briefly, and return whether it has finished."""
        self._seen = time.monotonic()
        wait([self.result], _PATIENCE)
        return self.result.done()

    def cancel(self) -> None:
        """Stop git and its hooks."""
        self._is_cancelled = True

    def is_cancelled(self) -> bool:
        """Whether it was cancelled, its page was closed, or the server is shutting down."""
        return self._is_cancelled or process.ending.is_set() or time.monotonic() - self._seen > _WATCHED


class Commits:
    """Runs one commit, or one push, at a time in the background. Thread-safe."""

    def __init__(self, noun: str = "commit") -> None:
        """Start with none."""
        self._noun = noun
        self._executor = ThreadPoolExecutor(1, noun)
        self._lock = Lock()
        self._latest: Commit | None = None

    def start(self, address: str, branch: str, work: Callable[[Commit], object]) -> Commit:
        """Run `work` in the background.

        Raises:
            LockedError: another one is running.
        """
        with self._lock:
            if self._latest and not self._latest.look():
                raise LockedError(self._latest.reason)
            commit = Commit(self._noun, address, branch)
            commit.result = self._executor.submit(work, commit)
            self._latest = commit
            return commit

    def at(self, address: str) -> Commit | None:
        """The latest one, if it has that address."""
        return self._latest if self._latest and self._latest.address == address else None

    @property
    def latest(self) -> Commit | None:
        """The running commit, or the last one."""
        return self._latest

    @property
    def running(self) -> bool:
        """Whether a commit is running."""
        return self._latest is not None and not self._latest.result.done()

    @property
    def slow(self) -> Commit | None:
        """The running commit, if it has been running too long for requests to wait for it."""
        commit = self._latest
        return commit if commit and not commit.result.done() and commit.seconds >= _PATIENCE else None
