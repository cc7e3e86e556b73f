"""Intervals in words."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.diagnostics import joined
from codegen.timetable.interval import DAY_NAMES, Interval
from codegen.timetable.recurrence import (
    EVERY_DAY,
    EVERY_MONTH,
    LAST_DAY,
    QUARTERLY,
    WEEKDAYS,
    EveryHours,
    EveryMinutes,
    OnDayOfMonth,
    OnWeekdays,
    Recurrence,
    recurrence_of_cron,
)

# More consecutive hours than this are written as a range.
_MAX_LISTED = 3
_HOURS_OF_A_DAY = 24


def in_words(interval: Interval) -> str:
    """Return an interval in words, such as `every Monday at 06:30`, or its cron if it has no short words."""
    return short_words(interval) or f"on the cron schedule `{interval.cron}`"


def short_words(interval: Interval) -> str:
    """Return an interval in words, or an empty string for a cron without short words."""
    if interval.timetable:
        return f"on the timetable `{interval.timetable}`"
    if interval.cron is None:
        return "manual runs only"
    recurrence = recurrence_of_cron(interval.cron)
    return recurrence_in_words(recurrence) if recurrence else ""


def recurrence_in_words(recurrence: Recurrence) -> str:
    """Return a recurrence in words, such as `every weekday at 06:00 and 18:00`."""
    if isinstance(recurrence, EveryMinutes):
        return "every minute" if recurrence.step == 1 else f"every {recurrence.step} minutes"
    if isinstance(recurrence, EveryHours):
        hours = "every hour" if recurrence.step == 1 else f"every {recurrence.step} hours"
        return f"{hours} at minute {recurrence.minute}" if recurrence.minute else hours
    days = _weekdays(recurrence.weekdays) if isinstance(recurrence, OnWeekdays) else _day_of_month(recurrence)
    return days + _times(recurrence.hours, recurrence.minute)


def _weekdays(weekdays: Sequence[int]) -> str:
    if tuple(weekdays) in {EVERY_DAY, WEEKDAYS}:
        return "every day" if tuple(weekdays) == EVERY_DAY else "every weekday"
    # Weeks start on Monday.
    return f"every {joined([DAY_NAMES[day] for day in sorted(weekdays, key=lambda day: day or len(DAY_NAMES))])}"


def _day_of_month(recurrence: OnDayOfMonth) -> str:
    day = "last day" if recurrence.day == LAST_DAY else _ordinal(int(recurrence.day))
    if recurrence.months == EVERY_MONTH:
        return f"on the {day} of every month{' that has one' if recurrence.months_without else ''}"
    if recurrence.months == QUARTERLY:
        return "on the first day of every quarter" if day == "1st" else f"on the {day} of every quarter's first month"
    return f"every year on the {day} of January"


def _ordinal(number: int) -> str:
    is_teen = 10 < number % 100 < 14  # noqa: PLR2004  # 11th, 12th, 13th
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _times(hours: Sequence[int], minute: int) -> str:
    if len(hours) == _HOURS_OF_A_DAY:
        return f", {recurrence_in_words(EveryHours(1, minute))}"
    times = [f"{hour:02}:{minute:02}" for hour in hours]
    is_span = len(hours) > _MAX_LISTED and list(hours) == list(range(hours[0], hours[-1] + 1))
    return f", hourly from {times[0]} to {times[-1]}" if is_span else f" at {joined(times)}"
