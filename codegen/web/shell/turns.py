"""Limits on concurrent drafts, per client and in total, so that no client blocks the others."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

# More than one: requests that wait for the lock of the project do not need the worker.
_AT_ONCE = 4


class Turns:
    """Allows one request per client at a time, and a few in total; waiting requests occupy no thread."""

    def __init__(self) -> None:
        """Start with no requests."""
        self._all = Semaphore(_AT_ONCE)
        self._own: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait until a request of this client may run, and hold its place during the block."""
        own = self._own.setdefault(address, Semaphore(1))
        async with own, self._all:
            yield
