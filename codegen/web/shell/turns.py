"""Whose draft is computed next, so that no author holds up the others."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """One request at a time, and one of each address in the queue; those that wait hold no thread."""

    def __init__(self) -> None:
        """Start without any."""
        self._all = Semaphore(1)
        self._own: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait for the turn of an address, and keep it until the block ends."""
        own = self._own.setdefault(address, Semaphore(1))
        async with own, self._all:
            yield
