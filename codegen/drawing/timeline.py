"""Lays out runs on a timeline, to scale, with labels in two timezones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from codegen.drawing.text import shortened
from codegen.timetable.dst import DstChange

WIDTH = 1000
_LEFT, _RIGHT = 200, 60
_MAX_NAME_LENGTH = 20
_MAX_TICKS = 8
# The minimum space between the numbers of two runs.
_MIN_NUMBER_SPACING = 18
_A_DAY = timedelta(days=1)
_STEPS = tuple(
    [timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30)]
    + [timedelta(hours=n) for n in (1, 2, 3, 4, 6, 12)]
    + [timedelta(days=n) for n in (1, 2, 7, 14)]
)
_A_MONTH = timedelta(days=30)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 1200, 12000)
_MONTHS_OF_A_YEAR = 12
# The formats of both clocks for steps of hours, days and months.
_HOURS, _DAYS, _YEARS = ("%a %H:%M", "%a %H:%M"), ("%a %d %b", "%a %d %H:%M"), ("%d %b %Y", "%d %b %Y")


@dataclass(frozen=True)
class Tick:
    """A tick of the scale, labelled in the timezones of the schedule and of the viewer."""

    x: float
    own: str
    viewers: str


@dataclass(frozen=True)
class Mark:
    """A point on the line and its label, which is empty without enough space."""

    x: float
    text: str


@dataclass(frozen=True)
class TimeLine:
    """A timeline with its layout.

    Attributes:
        own: the name of the schedule's timezone.
        viewers: the name of the viewer's timezone; empty if it is the same.
        changes: the DST changes of both timezones.
    """

    own: str
    viewers: str
    left: float
    right: float
    ticks: tuple[Tick, ...]
    runs: tuple[Mark, ...]
    changes: tuple[Mark, ...]


def lay_out(
    now: datetime, runs: Sequence[datetime], changes: Sequence[DstChange], zone: ZoneInfo, viewer: ZoneInfo
) -> TimeLine:
    """Lay out the runs from now to the last.

    Args:
        now: the start of the line.
        runs: one or more times after it, in order.
        changes: the DST changes between them.
        zone: the schedule's timezone, which determines the scale.
        viewer: the viewer's timezone.
    """
    # In UTC: Python subtracts times of the same timezone as local times.
    first, last = now.astimezone(timezone.utc), runs[-1].astimezone(timezone.utc)

    def x(at: datetime) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * ((at.astimezone(timezone.utc) - first) / (last - first)), 1)

    step = next((step for step in _STEPS if (last - first) / step <= _MAX_TICKS), None)
    own, viewers = _YEARS if step is None else _DAYS if step >= _A_DAY else _HOURS
    ticks = [
        Tick(x(at), at.astimezone(zone).strftime(own), at.astimezone(viewer).strftime(viewers))
        for at in _ticks(first, last, zone, step)
        if first <= at <= last
    ]
    return TimeLine(
        shortened(zone.key, _MAX_NAME_LENGTH),
        shortened(viewer.key, _MAX_NAME_LENGTH) if viewer.key != zone.key else "",
        _LEFT,
        WIDTH - _RIGHT,
        tuple(ticks),
        tuple(_numbered([x(run) for run in runs])),
        tuple(Mark(x(change.time), _signed(change.by)) for change in changes),
    )


def duration(by: timedelta) -> str:
    """Return the absolute length of a DST change, such as `1 h` or `30 min`."""
    hours, minutes = divmod(round(abs(by) / timedelta(minutes=1)), 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part)


def _signed(by: timedelta) -> str:
    return f"{'+' if by > timedelta() else '−'}{duration(by)}"  # noqa: RUF001  # a minus sign


def _numbered(places: Sequence[float]) -> Iterator[Mark]:
    last = float("-inf")
    for number, x in enumerate(places, 1):
        has_room = x - last >= _MIN_NUMBER_SPACING
        last = x if has_room else last
        yield Mark(x, str(number) if has_room else "")


def _ticks(first: datetime, last: datetime, zone: ZoneInfo, step: timedelta | None) -> Iterator[datetime]:
    """Yield full hours or days of local time; without a step, the first days of months."""
    start, end = (at.astimezone(zone).replace(tzinfo=None) for at in (first, last))
    for reading in _by_time(start, end, step) if step else _by_months(start, end):
        at = reading.replace(tzinfo=zone).astimezone(timezone.utc)
        # Skip nonexistent local times.
        if at.astimezone(zone).replace(tzinfo=None) == reading:
            yield at


def _by_time(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    reading = datetime.combine(start.date(), time())
    if step > _A_DAY:
        reading -= _A_DAY * reading.weekday()
    while reading <= end:
        yield reading
        reading += step


def _by_months(start: datetime, end: datetime) -> Iterator[datetime]:
    months = next(months for months in _MONTHS if (end - start) / (_A_MONTH * months) <= _MAX_TICKS)
    month = 0
    while (reading := datetime(start.year + month // _MONTHS_OF_A_YEAR, month % _MONTHS_OF_A_YEAR + 1, 1)) <= end:  # noqa: DTZ001  # local time
        yield reading
        month += months
