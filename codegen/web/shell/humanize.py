"""Formats times, and describes the start of schedules."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo

from codegen.diagnostics import printable
from codegen.schema import Schedule
from codegen.schema.describe import describe_start

# In seconds.
_UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60))
# A unit is used from this count on, and otherwise the next smaller one: 36 hours instead of 1 day.
_LEAST = 2


def relative(time: datetime, now: datetime) -> str:
    """Format a time relative to now, such as `in 3 hours` or `5 days ago`."""
    # Subtract in UTC: Python subtracts times of the same timezone by their wall clock.
    span = (time.astimezone(timezone.utc) - now.astimezone(timezone.utc)).total_seconds()
    for unit, length in _UNITS:
        count = int(abs(span) // length)
        if count >= _LEAST or (count and unit == "minute"):
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {words}" if span > 0 else f"{words} ago"
    return "in less than a minute" if span > 0 else "just now"


def absolute(time: datetime, zone: tzinfo) -> str:
    """Format a time in a timezone, such as `Mon 2026-11-23 06:00 CET`."""
    return f"{local(time, zone)} {time.astimezone(zone):%Z}"


def local(time: datetime, zone: tzinfo) -> str:
    """Format a time in a timezone without the timezone's name, such as `Mon 2026-11-23 06:00`."""
    return f"{time.astimezone(zone):%a %Y-%m-%d %H:%M}"


def start_of(schedule: Schedule) -> str:
    """Describe the start of a valid schedule, such as `every day at 06:00 (UTC), and after X and Y`."""
    return describe_start(schedule, printable)
