"""Times, and the start of a schedule, in words."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo

from codegen.diagnostics import printable
from codegen.schema import Schedule
from codegen.schema.describe import describe_start

# In seconds.
_UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60))
# With fewer of a unit, the next smaller one says more: 36 hours, and not a day.
_LEAST = 2


def relative(moment: datetime, now: datetime) -> str:
    """How far a moment is away, such as `in 3 hours` or `5 days ago`."""
    # In UTC: moments of one timezone are subtracted by Python as its wall clock shows them.
    span = (moment.astimezone(timezone.utc) - now.astimezone(timezone.utc)).total_seconds()
    for unit, length in _UNITS:
        count = int(abs(span) // length)
        if count >= _LEAST or (count and unit == "minute"):
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {words}" if span > 0 else f"{words} ago"
    return "in less than a minute" if span > 0 else "just now"


def absolute(moment: datetime, zone: tzinfo) -> str:
    """A moment on the clock of a timezone, such as `Mon 2026-11-23 06:00 CET`."""
    return f"{on_the_wall(moment, zone)} {moment.astimezone(zone):%Z}"


def on_the_wall(moment: datetime, zone: tzinfo) -> str:
    """The same where the timezone is known, such as `Mon 2026-11-23 06:00`."""
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


def start_of(schedule: Schedule) -> str:
    """What starts a checked schedule, such as `every day at 06:00 (UTC), and after X and Y`."""
    return describe_start(schedule, printable)
