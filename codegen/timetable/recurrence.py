"""Converts between intervals and recurrences as in a calendar, such as weekdays at 06:30."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codegen.diagnostics import InvalidError
from codegen.timetable.expansion import expand
from codegen.timetable.interval import AIRFLOW_PRESETS, parse_interval
from codegen.timetable.pitfalls import pitfall_of

MINUTES = tuple(step for step in range(1, 31) if 60 % step == 0)
HOURS = tuple(step for step in range(1, 13) if 24 % step == 0)
# 0 is Sunday, as in a cron.
EVERY_DAY, WEEKDAYS = (0, 1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5)
LAST_DAY = "L"
# The `months` of an `OnDayOfMonth`, as a cron field.
EVERY_MONTH, QUARTERLY, JANUARY = "*", "*/3", "1"
_MONTHS: dict[tuple[int | str, ...], str] = {("*",): EVERY_MONTH, (1, 4, 7, 10): QUARTERLY, (1,): JANUARY}
_MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_PRESETS = {cron: preset for preset, cron in AIRFLOW_PRESETS.items()}
_MIN_RANGE = 3
_NOT_A_LEAP_YEAR = 2027


@dataclass(frozen=True)
class EveryMinutes:
    """Every `step` minutes from the full hour; the step is one of `MINUTES`."""

    step: int

    @property
    def cron(self) -> str:
        """The cron."""
        return "* * * * *" if self.step == 1 else f"*/{self.step} * * * *"


@dataclass(frozen=True)
class EveryHours:
    """Every `step` hours from midnight, at a minute; the step is one of `HOURS`."""

    step: int
    minute: int = 0

    @property
    def cron(self) -> str:
        """The cron."""
        return f"{self.minute} {'*' if self.step == 1 else f'*/{self.step}'} * * *"


@dataclass(frozen=True)
class OnWeekdays:
    """On weekdays (sorted, 0 is Sunday), at a minute of each of the hours."""

    hours: tuple[int, ...]
    minute: int = 0
    weekdays: tuple[int, ...] = EVERY_DAY

    @property
    def cron(self) -> str:
        """The cron."""
        weekdays = "*" if self.weekdays == EVERY_DAY else _listed(self.weekdays)
        return f"{self.minute} {_listed(self.hours)} * * {weekdays}"


@dataclass(frozen=True)
class OnDayOfMonth:
    """On a day of the month, at a minute of each of the hours.

    Attributes:
        day: from 1 to 31, or `LAST_DAY`.
        months: `EVERY_MONTH`, the first month of each quarter (`QUARTERLY`), or `JANUARY`.
    """

    hours: tuple[int, ...]
    minute: int = 0
    day: int | str = 1
    months: str = EVERY_MONTH

    @property
    def cron(self) -> str:
        """The cron."""
        return f"{self.minute} {_listed(self.hours)} {self.day} {self.months} *"

    @property
    def months_without(self) -> Sequence[str]:
        """The names of the months without this day; February has 28 days."""
        if isinstance(self.day, str):
            return ()
        numbers = next(values for values, months in _MONTHS.items() if months == self.months)
        return [
            _MONTH_NAMES[month - 1]
            for month in (range(1, 13) if numbers == ("*",) else map(int, numbers))
            if monthrange(_NOT_A_LEAP_YEAR, month)[1] < self.day
        ]


Recurrence = EveryMinutes | EveryHours | OnWeekdays | OnDayOfMonth


def interval_of(recurrence: Recurrence) -> str:
    """Return the interval in its shortest usual form: an alias, a duration such as `15m`, or a cron."""
    if recurrence.cron in _PRESETS:
        return _PRESETS[recurrence.cron]
    if isinstance(recurrence, EveryMinutes):
        return f"{recurrence.step}m"
    if isinstance(recurrence, EveryHours) and recurrence.minute == 0:
        return f"{recurrence.step}h"
    return recurrence.cron


def recurrence_of(interval: str) -> Recurrence | None:
    """Return the equivalent recurrence; None for manual, invalid and other intervals."""
    try:
        cron = parse_interval(interval, "").cron
    except InvalidError:
        return None
    fields = interval.split()
    # `H` differs by schedule.
    has_hash = len(fields) > 1 and cron is not None and fields != cron.split()
    return None if cron is None or has_hash else recurrence_of_cron(cron)


@lru_cache(maxsize=4096)
def recurrence_of_cron(cron: str) -> Recurrence | None:
    """Return the recurrence equivalent to a valid cron; None for misleading crons and without an equivalent."""
    (minutes, hours, days, months, weekdays), nth = expand(cron)
    _, hour, day, *_ = cron.split()
    if nth or "w" in day.lower() or pitfall_of(cron):
        return None
    is_every_day = days == months == ["*"] and weekdays in (["*"], [*EVERY_DAY])
    if minutes == ["*"] or len(minutes) > 1:
        step = _step(minutes, MINUTES) if is_every_day and hours == ["*"] else 0
        return EveryMinutes(step) if step else None
    minute = int(minutes[0])
    if is_every_day and ("*" in hour or "/" in hour) and (step := _step(hours, HOURS)):
        return EveryHours(step, minute)
    at = tuple(range(24)) if hours == ["*"] else tuple(map(int, hours))
    return _on_days(at, minute, days, tuple(months), weekdays)


def _on_days(
    hours: tuple[int, ...],
    minute: int,
    days: Sequence[int | str],
    months: tuple[int | str, ...],
    weekdays: Sequence[int | str],
) -> Recurrence | None:
    if days == ["*"] and months == ("*",):
        return OnWeekdays(hours, minute, EVERY_DAY if weekdays == ["*"] else tuple(map(int, weekdays)))
    if weekdays != ["*"] or len(days) != 1 or days == ["*"] or months not in _MONTHS:
        return None
    return OnDayOfMonth(hours, minute, LAST_DAY if days == ["l"] else int(days[0]), _MONTHS[months])


def _step(values: Sequence[int | str], steps: Sequence[int]) -> int:
    """Return the step that yields the values of a field, starting at 0; 0 if there is no such step."""
    cycle = steps[-1] * 2
    if list(values) == ["*"]:
        return 1
    return next((step for step in steps if list(values) == list(range(0, cycle, step))), 0)


def _listed(values: Sequence[int]) -> str:
    """Return values as a cron field, with ranges."""
    return ",".join(_runs(values))


def _runs(values: Sequence[int]) -> Iterator[str]:
    start = 0
    for end in range(1, len(values) + 1):
        if end < len(values) and values[end] == values[end - 1] + 1:
            continue
        run = values[start:end]
        if len(run) < _MIN_RANGE:
            yield from map(str, run)
        else:
            yield f"{run[0]}-{run[-1]}"
        start = end
