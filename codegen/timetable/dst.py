"""DST changes of a timezone, and times on its wall clock."""

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
        by: how far the wall clock is set forward; negative if it is set back.
    """

    time: datetime
    by: timedelta

    @property
    def zone(self) -> str:
        """The name of the timezone."""
        return str(self.time.tzinfo)


@lru_cache(maxsize=1024)
def dst_changes(zone: ZoneInfo, first: datetime, last: datetime) -> tuple[DstChange, ...]:
    """The changes after a time, up to and including another; two within a day that cancel each other are missed."""
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
    """The first second with the later offset, by bisection."""
    old = _offset(before, zone)
    while after - before > _SECOND:
        half = before + (after - before) / 2
        before, after = (half, after) if _offset(half, zone) == old else (before, half)
    return after.replace(microsecond=0)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def localized(at: datetime, zone: ZoneInfo) -> datetime:
    """A time in a timezone; a naive one is read as `pendulum.datetime` reads it.

    Of a reading that occurs twice that is the later time; one in a gap is moved forward by the length of the gap.
    """
    if at.tzinfo:
        return at.astimezone(zone)
    later = at.replace(tzinfo=zone, fold=1)
    normal = later.astimezone(timezone.utc).astimezone(zone)
    if normal.replace(tzinfo=None) == at:
        return normal
    return at.replace(tzinfo=zone, fold=0).astimezone(timezone.utc).astimezone(zone)


def midnights_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The begin and the end of a day, in UTC."""
    midnight, next_midnight = (
        datetime.combine(each, time(), zone).astimezone(timezone.utc) for each in (day, day + DAY)
    )
    return midnight, next_midnight
