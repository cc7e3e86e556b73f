"""An interval in words."""

from __future__ import annotations

from codegen.timetable.interval import DAYS, Interval

DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_DAYS_OF_EVERY_MONTH = 28


def in_words(interval: Interval) -> str:
    """An interval in words, such as `every Monday at 06:30`; one without short words as its cron."""
    return short_words(interval) or f"on the cron `{interval.cron}`"


def short_words(interval: Interval) -> str:
    """The same, or an empty text if there are no short words."""
    if interval.timetable:
        return f"on the timetable `{interval.timetable}`"
    if interval.cron is None:
        return "only when somebody starts it"
    minute, hour, day, month, weekday = interval.cron.split()
    words = _words_of_day(day, month, weekday)
    if words and minute.isdigit() and hour.isdigit():
        return f"{words} at {int(hour):02}:{int(minute):02}"
    if words != "every day":
        return ""
    return _words_in_the_hour(minute) if hour == "*" else _words_in_the_day(minute, hour)


def _words_of_day(day: str, month: str, weekday: str) -> str:
    if month == "*" and day == "*":
        return _words_of_weekday(weekday)
    if weekday != "*":
        return ""
    if month == "*" and day in {"L", "l"}:
        return "on the last day of every month"
    if not day.isdigit() or int(day) > _DAYS_OF_EVERY_MONTH:
        return ""
    months = {"*": "every month", "*/3": "every quarter's first month", "1": "every January"}
    return f"on day {int(day)} of {months[month]}" if month in months else ""


def _words_of_weekday(weekday: str) -> str:
    if weekday == "*":
        return "every day"
    if weekday.lower() in {"1-5", "mon-fri"}:
        return "every weekday"
    number = int(weekday) % 7 if weekday.isdigit() else DAYS.index(weekday.lower()) if weekday.lower() in DAYS else None
    return "" if number is None else f"every {DAY_NAMES[number]}"


def _words_in_the_hour(minute: str) -> str:
    if minute in {"*", "*/1"}:
        return "every minute"
    if minute.isdigit():
        return "every hour" if int(minute) == 0 else f"every hour at minute {int(minute)}"
    step = _step(minute, 60)
    return f"every {step} minutes" if step else ""


def _words_in_the_day(minute: str, hour: str) -> str:
    step = _step(hour, 24)
    if not step or not minute.isdigit():
        return ""
    hours = f"every {step} hours" if step > 1 else "every hour"
    return hours if int(minute) == 0 else f"{hours} at minute {int(minute)}"


def _step(field: str, cycle: int) -> int:
    """The step of a field, or 0. One that does not divide the cycle restarts at each: "every 7 minutes" is wrong."""
    step = field.removeprefix("*/")
    is_even = field.startswith("*/") and step.isdigit() and 0 < int(step) <= cycle and cycle % int(step) == 0
    return int(step) if is_even else 0
