"""Background commits of the page, since git hooks can take minutes."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from codegen import process
from codegen.sync.lock import LockedError

_MOST = 50
# Seconds: how long a request waits for a commit, and how long a commit runs without requests from its page, which
# polls. Browsers poll less often in a background tab.
_PATIENCE = 1
_WATCHED = 90


@dataclass
class Commit:
    """A running or finished commit.

    Attributes:
        saved: the key of the saved change in the `SavedStore`.
        branch: the requested branch; empty for the current one.
        line: the last line of output from git or a hook.
        result: the result of the `work` of `Commits.start`.
    """

    saved: str
    branch: str
    key: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    line: str = ""
    started: float = field(default_factory=time.monotonic)
    result: Future[Any] = field(default_factory=Future)
    _seen: float = field(default_factory=time.monotonic)
    _is_cancelled: bool = False

    @property
    def address(self) -> str:
        """The path of its page."""
        return f"/committing/{self.key}"

    @property
    def seconds(self) -> int:
        """The time since its start."""
        return int(time.monotonic() - self.started)

    @property
    def reason(self) -> str:
        """Why other writes are refused."""
        return f"a commit has been waiting for git and its hooks for {self.seconds} seconds"

    @property
    def is_slow(self) -> bool:
        """Whether it has been running too long for requests to wait for it."""
        return not self.result.done() and time.monotonic() - self.started > _PATIENCE

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
    """The recent commits, one of which runs at a time. Thread-safe."""

    def __init__(self) -> None:
        """Start with no commits."""
        self._executor = ThreadPoolExecutor(1, "commit")
        self._lock = Lock()
        self._commits: OrderedDict[str, Commit] = OrderedDict()

    def start(self, saved: str, branch: str, work: Callable[[Commit], object]) -> Commit:
        """Run `work` in the background.

        Raises:
            LockedError: another commit is running.
        """
        with self._lock:
            running = self.running
            if running and not running.look():
                raise LockedError(running.reason)
            commit = Commit(saved, branch)
            commit.result = self._executor.submit(work, commit)
            self._commits[commit.key] = commit
            while len(self._commits) > _MOST:
                self._commits.popitem(last=False)
            return commit

    def get(self, key: str) -> Commit | None:
        """The commit with a key; None if it is too old, or from before the server started."""
        return self._commits.get(key)

    @property
    def running(self) -> Commit | None:
        """The running commit, if any."""
        return next((commit for commit in list(self._commits.values()) if not commit.result.done()), None)
