"""Parses intervals: aliases, durations, and crons in which `H` is a hash of the schedule's name."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import NamedTuple

from codegen import rules
from codegen.diagnostics import InvalidError, nearest, quoted
from codegen.text.durations import duration_of
from codegen.timetable.durations import cron_of
from codegen.timetable.expansion import expand, is_plain

MANUAL = ("@once", "@manual", "@none")

# Airflow's presets (airflow/timetables/_cron.py, `cron_presets`).
AIRFLOW_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
# Meltano's additional aliases (meltano/core/schedule.py, `CRON_INTERVALS`), and Airflow's equivalents.
_SYNONYMS = {"@midnight": "@daily", "@annually": "@yearly"}
ALIASES = (*MANUAL, *AIRFLOW_PRESETS, *_SYNONYMS)

_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
_RANGES = ("0 to 59", "0 to 23", "1 to 31, or L", "1 to 12, or jan to dec", "0 to 7, or sun to sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_HASHED = re.compile(r"[hH](?:\(\d+-\d+\))?(?:/\d+)?")
_HASHED_DAY = re.compile(r"^[hH](?=/|$)")
_RANDOM = re.compile(r"[rR](?:\(\d+-\d+\))?(?:/\d+)?")
_WORD = re.compile(r"[A-Za-z]{2,}")
_YEAR = re.compile(r"(19|20)\d\d.*")


class Interval(NamedTuple):
    """A valid interval.

    Attributes:
        schedule: Airflow's `schedule`: a preset, a cron of five fields without `H`, or None.
        timetable: the class of a custom timetable, which only Airflow can evaluate. Without either, all runs are
            manual.
    """

    schedule: str | None
    timetable: str = ""

    @property
    def cron(self) -> str | None:
        """The five fields of the cron, or None."""
        return AIRFLOW_PRESETS.get(self.schedule, self.schedule) if self.schedule else None

    @property
    def is_manual(self) -> bool:
        """Whether it has no scheduled runs."""
        return not (self.schedule or self.timetable)


def parse_interval(text: str, seed: str) -> Interval:
    """Parse an alias, a duration, or a cron of five fields, in which `H` is a hash of the seed: the schedule's name.

    Raises:
        InvalidError: it is invalid, never fires, or is not supported by Airflow or croniter.
    """
    # The seed is part of the cache key only if it matters: many schedules have the same interval.
    return _parsed(text.strip(), seed if "h" in text or "H" in text else "")


@lru_cache(maxsize=4096)
def _parsed(stripped: str, seed: str) -> Interval:
    if stripped.startswith("@"):
        return _alias(stripped)
    if (duration := duration_of(stripped)) is not None:
        return Interval(cron_of(duration, stripped))
    fields = stripped.split()
    if len(fields) != len(_FIELDS):
        raise _wrong_count(fields)
    for field, name in zip(fields, _FIELDS, strict=True):
        _check_field(field, name)
    cron = " ".join(_expand_hashes(fields, seed))
    _check_cron(cron)
    return Interval(cron)


def _alias(alias: str) -> Interval:
    known = _SYNONYMS.get(alias, alias)
    if known in MANUAL:
        return Interval(None)
    if known not in AIRFLOW_PRESETS:
        raise InvalidError(
            f"{quoted(alias)} is not a valid interval",
            nearest(alias.lower(), ALIASES) or f"expected one of {', '.join(ALIASES)}, or a cron expression",
            rules.INVALID_INTERVAL,
        )
    return Interval(known)


def _wrong_count(fields: list[str]) -> InvalidError:
    message = f"a cron expression has five fields, this one has {len(fields)}"
    if len(fields) == 1 and f"@{fields[0].lower()}" in ALIASES:
        return InvalidError(
            f"{quoted(fields[0])} is not a valid interval",
            f'did you mean "@{fields[0].lower()}"?',
            rules.INVALID_INTERVAL,
        )
    hint = (
        _meaning_of(fields)
        or "write minute, hour, day of the month, month and day of the week; or an alias such as @daily, or 6h"
    )
    return InvalidError(message, hint, rules.INVALID_INTERVAL)


def _meaning_of(fields: list[str]) -> str:
    """Return a hint for a cron of six or seven fields, which Airflow reads as seconds and a year after the five.

    Quartz has seconds first and a year last, AWS has a year last. Both allow `?` in a day field.
    """
    if len(fields) - len(_FIELDS) not in {1, 2}:
        return ""
    five, extra = " ".join(fields[: len(_FIELDS)]), fields[len(_FIELDS) :]
    from_second = " ".join(fields[1 : len(_FIELDS) + 1])
    if "?" in (fields[3], fields[5]) or _WORD.search(extra[0]):
        return f'the first looks like seconds, as in Quartz; did you mean "{from_second}"?'
    if _YEAR.fullmatch(extra[0]) or "?" in fields:
        return f'the last looks like a year, as in AWS; did you mean "{five}"?'
    read = "the sixth as seconds and the seventh as a year" if len(extra) > 1 else "the last as seconds"
    quartz = f' If the first is seconds, as in Quartz, "{from_second}"' if fields[0] == "0" else ""
    return f'Airflow reads {read}; did you mean "{five}"?{quartz}'


def _check_field(field: str, name: str) -> None:
    if _RANDOM.fullmatch(field):
        raise InvalidError(
            f"{quoted(field)} in the field {name} is random and changes with each parse",
            f"write `H{field[1:]}`, a hash of the schedule's name",
            rules.INVALID_INTERVAL,
        )
    names = {"month": _MONTHS, "day of the week": DAYS}.get(name, ())
    for word in _WORD.findall(field):
        if word.lower() not in names:
            hint = nearest(word.lower()[:3], names) or f"expected one of {', '.join(names)}"
            if not names:
                hint = "use a number: only months and weekdays have names"
            raise InvalidError(f"{quoted(word)} is not a valid {name}", hint, rules.INVALID_INTERVAL)


def _expand_hashes(fields: list[str], seed: str) -> list[str]:
    """Replace each field with `H` by the values that croniter computes from the seed.

    The day of the month is from 1 to 28, as in Jenkins, where `H` comes from: not every month has a 31st.
    """
    if not any(_HASHED.fullmatch(field) for field in fields):
        return fields
    from croniter import CroniterBadCronError, CroniterBadDateError, croniter  # noqa: PLC0415  # as in `expand`

    minute, hour, day, month, weekday = fields
    bounded = [minute, hour, _HASHED_DAY.sub("H(1-28)", day), month, weekday]
    try:
        drawn, _ = croniter.expand(" ".join(bounded), hash_id=seed.encode())
    except (CroniterBadCronError, CroniterBadDateError) as error:
        raise _refusal(" ".join(fields)) from error
    return [
        ",".join(str(value) for value in values) if _HASHED.fullmatch(field) else field
        for field, values in zip(fields, drawn, strict=True)
    ]


# Cached: many schedules have the same cron.
@lru_cache(maxsize=4096)
def _check_cron(cron: str) -> None:
    """Reject a cron that croniter cannot read or that never fires."""
    if is_plain(cron):
        return
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415  # as in `expand`

    try:
        expand(cron)
    except ValueError as error:  # all that croniter raises
        raise _refusal(cron) from error
    try:
        croniter(cron, datetime(2024, 1, 1, tzinfo=timezone.utc)).get_next(datetime)
    except CroniterBadDateError as error:
        message = f"{quoted(cron)} never runs: the day does not exist in these months"
        raise InvalidError(message, "change the day or the month", rules.INVALID_INTERVAL) from error


def _refusal(cron: str) -> InvalidError:
    from croniter import croniter  # noqa: PLC0415  # as in `expand`

    for position, (field, name, values) in enumerate(zip(cron.split(), _FIELDS, _RANGES, strict=True)):
        single = ["*"] * len(_FIELDS)
        single[position] = field
        try:
            croniter.expand(" ".join(single), hash_id=b"")
        except ValueError:
            return InvalidError(f"{quoted(field)} is not a valid {name}", f"use {values}", rules.INVALID_INTERVAL)
    return InvalidError(
        f"{quoted(cron)} is not a valid cron expression",
        "write minute, hour, day, month, weekday",
        rules.INVALID_INTERVAL,
    )
