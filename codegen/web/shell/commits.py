"""The commits made on the page: each runs in the background, as its git hooks may take minutes."""

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
# Seconds: how long a request waits for the end of a commit, and how long a commit goes on when nobody looks at its
# page, which loads itself again and again. Browsers do that less often in a tab behind another.
_PATIENCE = 1
_WATCHED = 90


@dataclass
class Commit:
    """A commit that was started, and perhaps has ended.

    Attributes:
        saved: the key of what it commits.
        branch: its branch, as it was asked for; empty for the current one.
        line: the last line that git or a hook printed.
        result: what `Commits.start` was given to run returns or raises.
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
        """The page that shows it."""
        return f"/committing/{self.key}"

    @property
    def seconds(self) -> int:
        """How long ago it was started."""
        return int(time.monotonic() - self.started)

    @property
    def reason(self) -> str:
        """Why nobody else can write now."""
        return f"a commit has been waiting for git and its hooks for {self.seconds} seconds"

    @property
    def is_slow(self) -> bool:
        """Whether it is running for so long that nobody should wait for its end."""
        return not self.result.done() and time.monotonic() - self.started > _PATIENCE

    def note(self, line: str) -> None:
        """Keep the last line that was printed."""
        self.line = line

    def look(self) -> bool:
        """Note that somebody waits for it; whether it has ended."""
        self._seen = time.monotonic()
        wait([self.result], _PATIENCE)
        return self.result.done()

    def cancel(self) -> None:
        """End git and its hooks."""
        self._is_cancelled = True

    def is_cancelled(self) -> bool:
        """Whether somebody has cancelled it, nobody waits for it any more, or the server is to end."""
        return self._is_cancelled or process.ending.is_set() or time.monotonic() - self._seen > _WATCHED


class Commits:
    """The last commits, of which one runs at a time. Threads share them."""

    def __init__(self) -> None:
        """Begin without any."""
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
        """The commit with that key; nothing where it was too long ago, or before the server was started."""
        return self._commits.get(key)

    @property
    def running(self) -> Commit | None:
        """The commit that has not ended yet."""
        return next((commit for commit in list(self._commits.values()) if not commit.result.done()), None)
