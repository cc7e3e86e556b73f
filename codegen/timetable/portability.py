"""Crons that our croniter supports, but not the croniter of every Airflow version.

Airflow's constraints pin the croniter of the release date. `tools/croniter_facts.py` finds the forms it does not
support.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from typing import NamedTuple

from codegen.airflow_facts.croniter import croniter_of
from codegen.timetable.expansion import expand, is_plain

_FIELDS, _DAY, _MONTH, _WEEKDAY = 5, 2, 3, 4
_LEAP_YEAR, _LENGTHS_OF_FEBRUARY = 2024, (28, 29)
_FEBRUARY, _MARCH = 2, 3
_LAST, _SUNDAY = (59, 23, 31, 12, 6), 7
_RANGE = re.compile(r"\w+-\w+")
_OPEN_STEP = re.compile(r"\d+/\d+")
_NEAREST_WEEKDAY = re.compile("w", re.IGNORECASE)


class Form(NamedTuple):
    """A form of crons.

    Attributes:
        example: a cron in this form.
        defect: the end of the sentence "croniter ..." for releases without support.
        portable: returns an equivalent cron without this form, or an empty string for a cron not in this form.
    """

    example: str
    defect: str
    portable: Callable[[str], str]


class Unsupported(NamedTuple):
    """A cron that the croniter of an Airflow version rejects or misinterprets."""

    message: str
    portable: str
    is_refused: bool


def unsupported_by(airflow: str, cron: str) -> Unsupported | None:
    """Return the first defect of this Airflow's croniter for a valid cron, and an equivalent cron; or None."""
    if is_plain(cron):
        return None
    croniter, found, portable = croniter_of(airflow), [], cron
    for name, form in FORMS.items():
        if name in croniter.refuses | croniter.misreads and (other := form.portable(portable)):
            found.append(name)
            portable = other
    if not found:
        return None
    first = next((name for name in found if name in croniter.refuses), found[0])
    message = f"the constraints of Airflow {croniter.airflow} pin croniter {croniter.release}, which "
    return Unsupported(message + FORMS[first].defect, portable, first in croniter.refuses)


def _without_wrapping(cron: str) -> str:
    return _with_values(cron, _wraps)


def _without_steps_of_weekdays(cron: str) -> str:
    return _with_values(cron, lambda part, position: position == _WEEKDAY and _steps_to_sunday(part))


def _without_steps_from_the_last(cron: str) -> str:
    return _with_values(cron, _steps_from_the_last)


def _with_values(cron: str, is_meant: Callable[[str, int], bool]) -> str:
    """Return a cron in which matching parts are replaced by their values, or an empty string without a match."""
    fields = [
        [_listed(part, position) if is_meant(part, position) else part for part in field.split(",")]
        for position, field in enumerate(cron.split())
    ]
    listed = " ".join("*" if "*" in parts else ",".join(parts) for parts in fields)
    return "" if listed == cron else listed


def _listed(part: str, position: int) -> str:
    nth = "".join(part.partition("#")[1:])
    return ",".join(f"{value}{nth}" for value in _values(part.removesuffix(nth), position))


def _wraps(part: str, position: int) -> bool:
    span = _RANGE.match(part)
    if not span:
        return False
    first, last = (int(end) if end.isdigit() else int(_values(end, position)[0]) for end in span[0].split("-"))
    # Every croniter accepts 0 as the end of a range, unless it is also the start.
    return first > last and not (position == _WEEKDAY and last == 0 and first < _SUNDAY)


def _steps_to_sunday(part: str) -> bool:
    """Return whether steps from a weekday reach the Sunday at the end of the week, or start there."""
    if not _OPEN_STEP.fullmatch(part):
        return False
    first, step = map(int, part.split("/"))
    return step < _SUNDAY if first == _SUNDAY else first > 0 and (_SUNDAY - first) % step == 0


def _steps_from_the_last(part: str, position: int) -> bool:
    return bool(_OPEN_STEP.fullmatch(part)) and int(part.split("/", maxsplit=1)[0]) == _LAST[position]


def _values(field: str, position: int) -> list[int | str]:
    fields = ["*"] * _FIELDS
    fields[position] = field
    return list(expand(" ".join(fields))[0][position])


def _without_nearest_weekday(cron: str) -> str:
    minute, hour, day, month, weekday = cron.split()
    plain = _NEAREST_WEEKDAY.sub("", day)
    return "" if plain == day else f"{minute} {hour} {plain} {month} {weekday}"


def _without_impossible_days(cron: str) -> str:
    days, months = _days_and_months(cron)
    minute, hour, _, month, weekday = cron.split()
    longest = max(monthrange(_LEAP_YEAR, each)[1] for each in months)
    return f"{minute} {hour} * {month} {weekday}" if days and min(days) > longest else ""


def _without_days_after_february(cron: str) -> str:
    days, months = _days_and_months(cron)
    is_nth = {"#", "l"} & set(cron.split()[_WEEKDAY].lower())
    if (
        is_nth
        or not {_FEBRUARY, _MARCH} <= months
        or not any(_passes_march(days, length) for length in _LENGTHS_OF_FEBRUARY)
    ):
        return ""
    kept = ",".join(str(day) for day in sorted(days) if day <= min(_LENGTHS_OF_FEBRUARY))
    return " ".join([*cron.split()[:_DAY], kept, *cron.split()[_MONTH:]])


def _passes_march(days: set[int], length: int) -> bool:
    """Return whether the first day beyond February's end, continued into March, is after a day of March."""
    late = [day for day in days if day > length]
    return bool(late) and length not in days and min(days) < min(late) - length


def _days_and_months(cron: str) -> tuple[set[int], set[int]]:
    """Return the days and months of a cron; the days are empty for `*`, `L` and `W`."""
    values = expand(cron)[0]
    is_other = {"*", "l"} & set(values[_DAY]) or _NEAREST_WEEKDAY.search(cron.split()[_DAY])
    days = set() if is_other else {int(day) for day in values[_DAY]}
    months = set(range(1, 13)) if values[_MONTH] == ["*"] else {int(month) for month in values[_MONTH]}
    return days, months


# The order matters: the equivalent cron for one form can be in a later form.
FORMS = {
    "wrapping_range": Form("0 22-2 * * *", "does not support a range that wraps around", _without_wrapping),
    "nearest_weekday": Form("0 0 1W * *", "does not support the nearest weekday, `W`", _without_nearest_weekday),
    "step_of_weekdays": Form("0 0 * * 5/1", "counts steps from a weekday to a Sunday", _without_steps_of_weekdays),
    "step_from_the_last": Form(
        "0 0 1 12/5 *",
        "reads a step from the last value of a field as a step over all values",
        _without_steps_from_the_last,
    ),
    "impossible_day": Form(
        "0 0 31 4 mon", "finds no run if the day does not exist in any of the months", _without_impossible_days
    ),
    "after_february": Form(
        "0 0 1,31 * *", "skips runs at the beginning of March on these days", _without_days_after_february
    ),
}
