"""Crons that fire at other times than they suggest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import islice, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from codegen.diagnostics import InvalidError, joined
from codegen.timetable.expansion import expand, is_plain
from codegen.timetable.interval import DAY_NAMES, parse_interval
from codegen.timetable.timetable import Timetable

# For each field: its unit in singular and plural, the cycle in which it repeats, and the number of values in a cycle.
_CYCLES = (
    ("minute", "minutes", "hour", 60),
    ("hour", "hours", "day", 24),
    ("day", "days", "month", None),
    ("month", "months", "year", 12),
    ("day", "days", "week", 7),
)
_DAY, _WEEKDAY = 2, 4
_STEP = re.compile(r"(?:\*|\d+)/(\d+)")
# A range in a part of a field.
_RANGE = re.compile(r"(\w+)-(\w+)(?:/\d+)?(?=#|\Z)")
# Example runs start at this date, close to the end of a month. Among 120 runs, there is an uneven gap if one exists.
_FROM, _SHOWN, _TRIED = datetime(2026, 1, 20, tzinfo=timezone.utc), 3, 120


class Pitfall(NamedTuple):
    """The actual behaviour of a misleading cron, and the fix."""

    message: str
    fix: str


def pitfall_of(cron: str) -> Pitfall | None:
    """Return the pitfall of a valid cron: both day fields, an uneven step, or a range of one value; or None."""
    fields, values = cron.split(), expand(cron)[0]
    if values[_DAY] != ["*"] and values[_WEEKDAY] != ["*"]:
        return _either_day(fields, values)
    if is_plain(cron):
        return None
    for position, field in enumerate(fields):
        spans = {part: _range_of_one(part) for part in field.split(",")}
        if span := next(filter(None, spans.values()), None):
            message = f"`{span[0]}` is every {_CYCLES[position][0]} since croniter 5, and only `{span[1]}` before"
            plain = ",".join(found[1] + part[found.end() :] if found else part for part, found in spans.items())
            return Pitfall(message, f"write `{_with(fields, position, plain)}`")
        step = _STEP.fullmatch(field)
        if step and not _is_even(values[position], int(step[1]), _CYCLES[position][3]):
            return _uneven(fields, position, values[position], int(step[1]))
    return None


def _range_of_one(part: str) -> re.Match[str] | None:
    span = _RANGE.match(part)
    return span if span and span[1].lower() == span[2].lower() else None


def example_runs(cron: str) -> list[datetime]:
    """Return three consecutive runs in UTC, which show an uneven gap if there is one."""
    runs = list(islice(Timetable(cron, ZoneInfo("UTC"), _FROM).next_runs(_FROM - timedelta(seconds=1)), _TRIED))
    gaps = [later - earlier for earlier, later in pairwise(runs)]
    at = next((number for number, (one, other) in enumerate(pairwise(gaps)) if one != other), 0)
    return runs[at : at + _SHOWN]


def _either_day(fields: list[str], values: Sequence[Sequence[int | str]]) -> Pitfall:
    minute, hour, day, month, weekday = fields
    by_day, by_weekday = f"{minute} {hour} {day} {month} *", f"{minute} {hour} * {month} {weekday}"
    if "*/1" in (day, weekday):
        message = "`*/1` is every day, and a cron runs on the days of either day field"
        return Pitfall(message, f"write `{by_weekday if day == '*/1' else by_day}`")
    on_day = f"day {day} of the month" if day.isdigit() else f"the days `{day}` of the month"
    number = values[_WEEKDAY][0]
    is_one = len(values[_WEEKDAY]) == 1 and "#" not in weekday and isinstance(number, int)
    on_weekday = f"every {DAY_NAMES[int(number) % 7]}" if is_one else f"the weekdays `{weekday}`"
    # If the day does not exist in these months, only the weekdays fire.
    either = " or ".join(f"`{cron}`" for cron in (by_day, by_weekday) if _fires(cron))
    return Pitfall(f"runs on {on_day} and on {on_weekday}, not only on days that are both", f"write {either}")


def _fires(cron: str) -> bool:
    try:
        return bool(parse_interval(cron, ""))
    except InvalidError:
        return False


def _is_even(values: Sequence[int | str], step: int, cycle: int | None) -> bool:
    """Return whether the values are evenly spaced, including the step to the next cycle."""
    if step == 1:
        return True
    if cycle is None or "*" in values:
        # Months have different lengths, so no step is even.
        return "*" in values
    numbers = [int(value) for value in values]
    return all(later - earlier == step for earlier, later in pairwise([*numbers, numbers[0] + cycle]))


def _with(fields: list[str], position: int, field: str) -> str:
    return " ".join([*fields[:position], field, *fields[position + 1 :]])


def _uneven(fields: list[str], position: int, values: Sequence[int | str], step: int) -> Pitfall:
    unit, units, cycle, length = _CYCLES[position]
    shown = joined(DAY_NAMES[int(value) % 7] if position == _WEEKDAY else str(value) for value in values)
    named = shown if position == _WEEKDAY else f"{units if len(values) > 1 else unit} {shown}"
    message = f"`{fields[position]}` is not every {step} {units}, but {named} of each {cycle}"
    listed = ",".join(map(str, values))
    fix = f"write `{_with(fields, position, listed)}` if these are meant"
    if length and position != _WEEKDAY:
        even = max(each for each in range(1, min(step + 1, length)) if length % each == 0)
        fix += f", or a step that divides {length}, such as `*/{even}`"
    return Pitfall(message, fix)
