"""Throttles logins by client address, against guessing the token."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

# Seconds: the delay that each attempt adds, the longest delay, and the time until a client is forgotten.
_STEP = 1.0
_MAX_DELAY = 5.0
_LIFETIME = 60.0
# Limit on tracked clients; the least recent one is dropped first.
_MAX_CLIENTS = 1000


class Attempts:
    """Delays login attempts by the number of recent attempts from the same network.

    An attempt counts from its start, so concurrent attempts wait like consecutive ones. No client is locked out: the
    correct token is accepted after at most the longest delay, even if others guess from the same address.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with no attempts."""
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def begin(self, address: str) -> float:
        """Count an attempt from an address, and return its delay in seconds."""
        network, now = _network(address), self._clock()
        count, latest = self._counts.pop(network, (0, now))
        count = 0 if now - latest > _LIFETIME else count
        self._counts[network] = (count + 1, now)
        if len(self._counts) > _MAX_CLIENTS:
            self._counts.popitem(last=False)
        return min(count * _STEP, _MAX_DELAY)

    def subtract(self, address: str) -> None:
        """Subtract a successful attempt."""
        count, latest = self._counts.get(_network(address), (0, 0))
        if count:
            self._counts[_network(address)] = (count - 1, latest)


def _network(address: str) -> str:
    """Return the addresses of one client: a single IPv4 address, or an IPv6 network of 64 bits."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or int(found) >> 64)
