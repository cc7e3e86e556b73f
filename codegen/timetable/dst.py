"""DST changes of a timezone, and local times."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class DstChange(NamedTuple):
    """A DST change.

    Attributes:
        time: the first second with the new offset, in the timezone.
        by: the change of the UTC offset; positive if the clock is set forward.
    """

    time: datetime
    by: timedelta

    @property
    def zone(self) -> str:
        """The name of the timezone."""
        return str(self.time.tzinfo)


@lru_cache(maxsize=1024)
def dst_changes(zone: ZoneInfo, first: datetime, last: datetime) -> tuple[DstChange, ...]:
    """Return the changes after `first`, up to and including `last`.

    Two changes within a day that cancel each other are missed.
    """
    changes = []
    before, last = first.astimezone(timezone.utc), last.astimezone(timezone.utc)
    while before < last:
        after = min(before + DAY, last)
        by = _offset(after, zone) - _offset(before, zone)
        if by:
            changes.append(DstChange(_second_of_change(zone, before, after).astimezone(zone), by))
        before = after
    return tuple(changes)


def _second_of_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first second with the new offset, by bisection."""
    old = _offset(before, zone)
    while after - before > _SECOND:
        half = before + (after - before) / 2
        before, after = (half, after) if _offset(half, zone) == old else (before, half)
    return after.replace(microsecond=0)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def localized(at: datetime, zone: ZoneInfo) -> datetime:
    """Return a time in a timezone; naive times are interpreted as in `pendulum.datetime`.

    An ambiguous time is the later one; a nonexistent time is moved forward by the length of the gap.
    """
    if at.tzinfo:
        return at.astimezone(zone)
    later = at.replace(tzinfo=zone, fold=1)
    normal = later.astimezone(timezone.utc).astimezone(zone)
    if normal.replace(tzinfo=None) == at:
        return normal
    return at.replace(tzinfo=zone, fold=0).astimezone(timezone.utc).astimezone(zone)


def midnights_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a day, in UTC."""
    midnight, next_midnight = (
        datetime.combine(each, time(), zone).astimezone(timezone.utc) for each in (day, day + DAY)
    )
    return midnight, next_midnight
