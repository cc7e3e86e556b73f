"""What was written, kept a while so that a page can show it and commit it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from codegen.diagnostics import Diagnostic
from codegen.sync.changes import Change
from codegen.web.shell.commits import Commit

_MOST = 50


@dataclass
class Saved:
    """What a change of one schedule file, or of all that is not committed, comes to.

    Attributes:
        source: the schedule file, by its path below the folder of schedules; empty where it is of all.
        title: what was done, for the page.
        message: what a commit of it could say.
        changes: what was written.
        files: the bytes that each file had then which belongs to it, changed or not, by its path in the project; None
            where there was none.
        diagnostics: what is wrong with the project since.
        waits: whether the generated files could not follow, because of errors elsewhere.
        commit: the last commit of it that was started.
    """

    source: str
    title: str
    message: str
    changes: Sequence[Change]
    files: Mapping[str, bytes | None]
    diagnostics: Sequence[Diagnostic] = ()
    waits: bool = False
    commit: Commit | None = None


@dataclass
class SavedStore:
    """The last things that were saved, by keys that nobody can guess. Threads share it."""

    _saved: OrderedDict[str, Saved] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def put(self, saved: Saved) -> str:
        """Keep it; gives its key."""
        key = secrets.token_urlsafe(9)
        with self._lock:
            self._saved[key] = saved
            while len(self._saved) > _MOST:
                self._saved.popitem(last=False)
        return key

    def get(self, key: str) -> Saved | None:
        """What has that key; nothing where it was too long ago, or before the server was started."""
        with self._lock:
            return self._saved.get(key)
