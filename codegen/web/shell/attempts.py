"""Slows down the guessing of the token, for the address that guesses."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

# Seconds: what each attempt adds to the next one, the longest wait, and how long after the last one all are forgotten.
_STEP = 1.0
_LONGEST = 5.0
_MEMORY = 60.0
# How many addresses are remembered; the one that was quiet for longest is forgotten first.
_MOST = 1000


class Attempts:
    """Counts the attempts of each address, and lets the next one wait, whether it is right or wrong.

    An attempt is counted when it begins, so many at the same time wait like many in a row. Nobody is turned away:
    the right token gets in after the longest wait, also from an address that others guess from.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any."""
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def begin(self, address: str) -> float:
        """Count an attempt from this address; gives the seconds after which it may be looked at."""
        network, now = _network(address), self._clock()
        count, latest = self._counts.pop(network, (0, now))
        count = 0 if now - latest > _MEMORY else count
        self._counts[network] = (count + 1, now)
        if len(self._counts) > _MOST:
            self._counts.popitem(last=False)
        return min(count * _STEP, _LONGEST)

    def forgive(self, address: str) -> None:
        """Do not count one that was right."""
        count, latest = self._counts.get(_network(address), (0, 0))
        if count:
            self._counts[_network(address)] = (count - 1, latest)


def _network(address: str) -> str:
    """The address of one user: of IPv6, the first 64 bits."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or int(found) >> 64)
