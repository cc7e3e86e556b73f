"""When a timezone changes its clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class DstChange:
    """A change of a clock.

    Attributes:
        moment: the first minute of the new time, on the clock of the timezone.
        by: how far the clock goes forward; negative where it goes back.
    """

    moment: datetime
    by: timedelta


def dst_changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[DstChange]:
    """The changes after a moment up to another, in their order; two within a day that undo each other are not seen."""
    before = first.astimezone(timezone.utc)
    last = last.astimezone(timezone.utc)
    while before < last:
        after = min(before + _DAY, last)
        by = _offset(after, zone) - _offset(before, zone)
        if by:
            yield DstChange(_minute_of(zone, before, after).astimezone(zone), by)
        before = after


def _minute_of(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first minute with the later offset, by halves."""
    old = _offset(before, zone)
    while after - before > _MINUTE:
        half = before + (after - before) / 2
        before, after = (half, after) if _offset(half, zone) == old else (before, half)
    return after.replace(second=0, microsecond=0)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
