"""Stores recent results, so that pages can show them again."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from codegen.diagnostics import Diagnostic
from codegen.review.effects import Effect
from codegen.sync.changes import Change

_MAX_ITEMS = 50


@dataclass
class Recent:
    """A result with an unguessable key for its URL."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(9), init=False)


_Recent = TypeVar("_Recent", bound=Recent)


class RecentStore(Generic[_Recent]):
    """The latest results by key. Thread-safe."""

    def __init__(self) -> None:
        """Start empty."""
        self._items: OrderedDict[str, _Recent] = OrderedDict()
        self._lock = Lock()

    def put(self, item: _Recent) -> _Recent:
        """Store a result, and return it."""
        with self._lock:
            self._items[item.key] = item
            while len(self._items) > _MAX_ITEMS:
                self._items.popitem(last=False)
            return item

    def get(self, key: str) -> _Recent | None:
        """Return the result with a key; None if it was dropped, or the server was restarted."""
        with self._lock:
            return self._items.get(key)


@dataclass
class Saved(Recent):
    """A saved change of one schedule file, or all uncommitted changes.

    Attributes:
        source: the schedule file, relative to the schedules folder; empty for all uncommitted changes.
        title: the heading of the page.
        message: the suggested commit message.
        changes: the changed files.
        effects: the effects of the changes on the pipelines.
        files: the content of each related file, changed or not, by its path in the project; None for a missing file.
        diagnostics: the errors and warnings after the change.
        waits: whether errors elsewhere prevented the update of generated files.
    """

    source: str
    title: str
    message: str
    changes: Sequence[Change]
    effects: Sequence[Effect]
    files: Mapping[str, bytes | None]
    diagnostics: Sequence[Diagnostic] = ()
    waits: bool = False
