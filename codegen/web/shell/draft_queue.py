"""Limits on concurrent drafts, per client and in total, so that no client blocks the others."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class DraftQueue:
    """Runs one request at a time, and queues one request per client. Waiting requests do not block threads."""

    def __init__(self) -> None:
        """Start with no requests."""
        self._all = Semaphore(1)
        self._own: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def slot(self, address: str) -> AsyncIterator[None]:
        """Wait for a slot for a request of this client, and occupy it during the block."""
        own = self._own.setdefault(address, Semaphore(1))
        async with own, self._all:
            yield
