"""Whose draft is computed next, so that no author holds up the others."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

# Some of those whose turn it is wait for the lock of the project, and leave the worker to the others.
_AT_ONCE = 4


class Turns:
    """One request of each address at a time, a few in all; those that wait hold no thread, which other pages need."""

    def __init__(self) -> None:
        """Start without any."""
        self._all = Semaphore(_AT_ONCE)
        self._own: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait for the turn of an address, and keep it until the block ends."""
        own = self._own.setdefault(address, Semaphore(1))
        async with own, self._all:
            yield
