"""The choices of the time picker, converted from and to an interval."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from codegen.diagnostics import InvalidError, quoted
from codegen.timetable.interval import MANUAL
from codegen.timetable.recurrence import (
    EVERY_DAY,
    EVERY_MONTH,
    HOURS,
    JANUARY,
    LAST_DAY,
    MINUTES,
    QUARTERLY,
    WEEKDAYS,
    EveryHours,
    EveryMinutes,
    OnDayOfMonth,
    OnWeekdays,
    Recurrence,
    interval_of,
    recurrence_of,
)

# The prefix of the form fields of the picker.
PREFIX = "when:"
_TIME = re.compile(r"(\d{1,2}):?(\d{1,2})?", re.ASCII)
_MINUTE = re.compile(r"[0-5]?\d", re.ASCII)
_CLOCKS = ("times", "often", "cron")
_LAST_HOUR, _LAST_MINUTE = 23, 59


@dataclass(frozen=True)
class Choices:
    """The choices in the picker. The values of hidden controls are suggestions.

    Attributes:
        starts: `times`, `often`, `after`, `manual` or `cron`.
        every: the period for `often`, such as `15m` or `6h`.
        past: the minute of the hour, for a period in hours.
        days: `every`, `weekdays`, `chosen` or `month`.
        weekdays: the selected days of the week; 0 is Sunday.
        day: the day of the month, from 1 to 31 or `L`.
        months: the months, as in `OnDayOfMonth`.
        time: the first time of day, as typed.
        more: the other hours, at the same minute.
        cron: the interval as text.
    """

    starts: str
    every: str = "15m"
    past: str = "0"
    days: str = "every"
    weekdays: tuple[int, ...] = ()
    day: str = "1"
    months: str = EVERY_MONTH
    time: str = "06:00"
    more: tuple[int, ...] = ()
    cron: str = ""

    @property
    def interval(self) -> str:
        """The interval; empty if only other pipelines start it.

        Raises:
            InvalidError: a choice is missing or invalid.
        """
        if self.starts in {"after", "manual"}:
            return "" if self.starts == "after" else MANUAL[1]
        if self.starts == "cron":
            return self.cron.strip()
        return interval_of(self.recurrence)

    @property
    def recurrence(self) -> Recurrence:
        """The recurrence for `times` and `often`.

        Raises:
            InvalidError: a choice is missing or invalid.
        """
        if self.starts == "often":
            step, unit = self.every[:-1], self.every[-1:]
            if unit == "m":
                return EveryMinutes(_one_of(MINUTES, step))
            return EveryHours(_one_of(HOURS, step), _one_of(range(_LAST_MINUTE + 1), self.past))
        hour, minute = _time(self.time)
        at = tuple(sorted({hour, *self.more}))
        if self.days == "month":
            day = LAST_DAY if self.day == LAST_DAY else _one_of(range(1, 32), self.day)
            if self.months not in {EVERY_MONTH, QUARTERLY, JANUARY}:
                raise InvalidError(f"{quoted(self.months)} is not a valid choice", "choose the months")
            return OnDayOfMonth(at, minute, day, self.months)
        weekdays = {"every": EVERY_DAY, "weekdays": WEEKDAYS}.get(self.days, self.weekdays)
        if not weekdays:
            raise InvalidError("no day is selected", "select one or more days")
        return OnWeekdays(at, minute, weekdays)

    @property
    def minute(self) -> int | None:
        """The minute of the start; None if another one cannot be selected."""
        with suppress(InvalidError):
            if self.starts in {"times", "often"}:
                return getattr(self.recurrence, "minute", None)
        return None

    def at_minute(self, minute: int) -> Choices:
        """Return the choices with another minute."""
        hour, _, _ = self.time.partition(":")
        return replace(self, past=str(minute), time=f"{hour}:{minute:02}")


def choices_of(interval: str, *, is_after: bool) -> Choices:
    """Convert an interval to choices. It is empty if only other pipelines start the pipeline.

    `is_after` is whether other pipelines start it.
    """
    if not interval or interval in MANUAL:
        return Choices("after" if is_after or not interval else "manual")
    recurrence = recurrence_of(interval)
    if recurrence is None:
        return Choices("cron", cron=interval)
    cron = interval
    if isinstance(recurrence, EveryMinutes):
        return Choices("often", every=f"{recurrence.step}m", cron=cron)
    if isinstance(recurrence, EveryHours):
        return Choices("often", every=f"{recurrence.step}h", past=str(recurrence.minute), cron=cron)
    first, *more = recurrence.hours
    at = Choices("times", time=f"{first:02}:{recurrence.minute:02}", more=tuple(more), cron=cron)
    if isinstance(recurrence, OnDayOfMonth):
        return replace(at, days="month", day=str(recurrence.day), months=recurrence.months)
    known = {EVERY_DAY: "every", WEEKDAYS: "weekdays"}.get(recurrence.weekdays, "chosen")
    return replace(at, days=known, weekdays=recurrence.weekdays if known != "every" else ())


def sent_choices(sent: Mapping[str, str]) -> Choices | None:
    """Read the choices from a submitted form; None without a picker."""
    if sent.get(f"{PREFIX}starts") not in {*_CLOCKS, "after", "manual"}:
        return None
    fields = ("starts", "every", "past", "days", "day", "months", "time", "cron")
    texts = {name: sent[PREFIX + name] for name in fields if PREFIX + name in sent}
    weekdays = tuple(day for day in EVERY_DAY if f"{PREFIX}weekday:{day}" in sent)
    more = tuple(hour for hour in range(_LAST_HOUR + 1) if f"{PREFIX}hour:{hour}" in sent)
    choices = Choices(**texts, weekdays=weekdays, more=more)
    minute = sent.get(f"{PREFIX}minute", "")
    return choices.at_minute(int(minute)) if _MINUTE.fullmatch(minute) else choices


def shown_choices(own: Choices, sent: Choices | None) -> Choices:
    """Return the submitted choices if they are equivalent to the text's `own` ones, or else `own`."""
    return replace(sent, cron=own.cron or sent.cron) if sent and _is_same(sent, own) else own


def with_choices(sent: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Add the form fields of changed choices, and return the form with the problems by key."""
    choices, fields = sent_choices(sent), dict(sent)
    is_after = bool(sent.get(f"{PREFIX}after"))
    if choices is None or _is_same(choices, choices_of(sent.get(f"{PREFIX}was", ""), is_after=is_after)):
        return fields, {}
    try:
        interval = choices.interval
    except InvalidError as error:
        return fields, {"interval": f"{error.message} ({error.hint})"}
    if choices.starts == "after" and sent.get(f"{PREFIX}below"):
        # Otherwise the inherited interval would also start it.
        fields["yaml:interval"] = "null"
    else:
        fields["line:interval"] = interval
    if choices.starts == "manual" and is_after:
        fields |= {name: "" for name in fields if re.fullmatch("[a-z]+:after", name) and not name.startswith("was:")}
    return fields, {}


def _is_same(choices: Choices, own: Choices) -> bool:
    """Return whether choices are equivalent to the choices in a text."""
    if choices.starts not in _CLOCKS or own.starts not in _CLOCKS:
        return choices.starts == own.starts
    with suppress(InvalidError):
        is_cron = "cron" in {choices.starts, own.starts}
        return choices.interval == own.cron if is_cron else choices.recurrence == own.recurrence
    return False


def _one_of(known: range | tuple[int, ...], text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) in known:
        return int(text)
    raise InvalidError(f"{quoted(text)} is not a valid choice", f"choose a number from {known[0]} to {known[-1]}")


def _time(text: str) -> tuple[int, int]:
    found = _TIME.fullmatch(text.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (_LAST_HOUR + 1, 0)
    if hour > _LAST_HOUR or minute > _LAST_MINUTE:
        raise InvalidError("expected a time of day", "write hours and minutes, such as 06:30")
    return hour, minute
