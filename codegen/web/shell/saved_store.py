"""What was written, kept a while so that a page can show it and commit it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from codegen.diagnostics import Diagnostic
from codegen.review.in_words import Effect
from codegen.sync.changes import Change
from codegen.web.shell.commits import Commit

_MOST = 50


@dataclass
class Saved:
    """A saved change of one schedule file, or all uncommitted changes.

    Attributes:
        source: the schedule file, relative to the folder of schedules; empty for all uncommitted changes.
        title: the heading of the page.
        message: the proposed commit message.
        changes: the changed files.
        effects: what they mean for the pipelines.
        files: the content of each related file, changed or not, by its path in the project; None for a missing file.
        diagnostics: the errors and warnings after the change.
        waits: whether errors elsewhere prevented the update of generated files.
        commit: the latest commit of the change.
    """

    source: str
    title: str
    message: str
    changes: Sequence[Change]
    effects: Sequence[Effect]
    files: Mapping[str, bytes | None]
    diagnostics: Sequence[Diagnostic] = ()
    waits: bool = False
    commit: Commit | None = None


@dataclass
class SavedStore:
    """Recently saved changes, by unguessable keys. Thread-safe."""

    _saved: OrderedDict[str, Saved] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def put(self, saved: Saved) -> str:
        """Store a change, and return its key."""
        key = secrets.token_urlsafe(9)
        with self._lock:
            self._saved[key] = saved
            while len(self._saved) > _MOST:
                self._saved.popitem(last=False)
        return key

    def get(self, key: str) -> Saved | None:
        """The change with a key; None if it is too old, or from before the server started."""
        with self._lock:
            return self._saved.get(key)
