"""The commits made on the page: each runs in the background, as its git hooks may take minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from codegen import process
from codegen.sync.lock import LockedError

# Seconds: how long a request waits for the end of a commit, and how long a commit goes on when nobody looks at its
# page, which loads itself again and again. Browsers do that less often in a tab behind another.
_PATIENCE = 1
_WATCHED = 90


@dataclass
class Commit:
    """A commit that was started, and perhaps has ended.

    Attributes:
        address: the page that shows it.
        branch: its branch, as it was asked for; empty for the current one.
        line: the last line that git or a hook printed.
        result: what `Commits.start` was given to run returns or raises.
    """

    address: str
    branch: str
    line: str = ""
    result: Future[Any] = field(default_factory=Future)
    _started: float = field(default_factory=time.monotonic)
    _seen: float = field(default_factory=time.monotonic)
    _is_cancelled: bool = False

    @property
    def seconds(self) -> int:
        """How long ago it was started."""
        return int(time.monotonic() - self._started)

    @property
    def reason(self) -> str:
        """Why nobody else can write now."""
        return f"a commit has been waiting for git and its hooks for {self.seconds} seconds"

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
    """Runs one commit at a time. Threads share it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._executor = ThreadPoolExecutor(1, "commit")
        self._lock = Lock()
        self._latest: Commit | None = None

    def start(self, address: str, branch: str, work: Callable[[Commit], object]) -> Commit:
        """Run `work` in the background.

        Raises:
            LockedError: another commit is running.
        """
        with self._lock:
            if self._latest and not self._latest.look():
                raise LockedError(self._latest.reason)
            commit = Commit(address, branch)
            commit.result = self._executor.submit(work, commit)
            self._latest = commit
            return commit

    @property
    def slow(self) -> Commit | None:
        """The commit that is running for so long that nobody should wait for its end."""
        commit = self._latest
        return commit if commit and not commit.result.done() and commit.seconds >= _PATIENCE else None
