"""Reads an interval: an alias, a duration, or a cron, in which `H` is drawn from the schedule's name."""

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

# Airflow's own presets (airflow/timetables/_cron.py, `cron_presets`), which it takes as they are.
AIRFLOW_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
# Meltano's further aliases (meltano/core/schedule.py, `CRON_INTERVALS`), in Airflow's words.
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
        schedule: Airflow's `schedule`: a preset, a cron of five plain fields, or None.
        timetable: the class of another timetable, whose runs only Airflow knows; with neither, all runs are manual.
    """

    schedule: str | None
    timetable: str = ""

    @property
    def cron(self) -> str | None:
        """The five fields, or None without a cron."""
        return AIRFLOW_PRESETS.get(self.schedule, self.schedule) if self.schedule else None

    @property
    def is_manual(self) -> bool:
        """Whether it has no scheduled runs."""
        return not (self.schedule or self.timetable)


def parse_interval(text: str, seed: str) -> Interval:
    """Read an alias, a duration, or a cron of five fields, in which `H` is drawn from the seed: the schedule's name.

    Raises:
        InvalidError: it is none of these, it never fires, or Airflow or croniter does not support it.
    """
    # Many schedules have the same interval, each with a seed of its own.
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
            nearest(alias.lower(), ALIASES) or f"one of {', '.join(ALIASES)}, or a cron",
            rules.INVALID_INTERVAL,
        )
    return Interval(known)


def _wrong_count(fields: list[str]) -> InvalidError:
    message = f"a cron has five fields, this has {len(fields)}"
    if len(fields) == 1 and f"@{fields[0].lower()}" in ALIASES:
        return InvalidError(
            f"{quoted(fields[0])} is not a valid interval",
            f'did you mean "@{fields[0].lower()}"?',
            rules.INVALID_INTERVAL,
        )
    hint = (
        _meaning_of(fields) or "minute, hour, day of the month, month, day of the week, an alias such as @daily, or 6h"
    )
    return InvalidError(message, hint, rules.INVALID_INTERVAL)


def _meaning_of(fields: list[str]) -> str:
    """A hint for more fields: Airflow reads seconds and then a year after the five.

    Quartz has seconds in front and a year at the end, AWS a year; both have `?` in a day field, at a place of its own.
    """
    if len(fields) - len(_FIELDS) not in {1, 2}:
        return ""
    five, behind = " ".join(fields[: len(_FIELDS)]), fields[len(_FIELDS) :]
    from_second = " ".join(fields[1 : len(_FIELDS) + 1])
    if "?" in (fields[3], fields[5]) or _WORD.search(behind[0]):
        return f'the first looks like seconds, as in Quartz; did you mean "{from_second}"?'
    if _YEAR.fullmatch(behind[0]) or "?" in fields:
        return f'the last looks like a year, as in AWS; did you mean "{five}"?'
    read = "the sixth as seconds and the seventh as a year" if len(behind) > 1 else "the last as seconds"
    quartz = f' If the first is seconds, as in Quartz, "{from_second}"' if fields[0] == "0" else ""
    return f'Airflow reads {read}; did you mean "{five}"?{quartz}'


def _check_field(field: str, name: str) -> None:
    if _RANDOM.fullmatch(field):
        raise InvalidError(
            f"{quoted(field)} in the field {name} draws another time at each reading",
            f"write `H{field[1:]}`, which is drawn from the schedule's name",
            rules.INVALID_INTERVAL,
        )
    names = {"month": _MONTHS, "day of the week": DAYS}.get(name, ())
    for word in _WORD.findall(field):
        if word.lower() not in names:
            hint = nearest(word.lower()[:3], names) if names else "names are for months and weekdays"
            raise InvalidError(f"{quoted(word)} is not a valid {name}", hint, rules.INVALID_INTERVAL)


def _expand_hashes(fields: list[str], seed: str) -> list[str]:
    """Replace each hashed field by the values that croniter draws for it.

    A day of the month is drawn from 1 to 28, as in Jenkins, which has `H` first: not every month has a 31st.
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


# Many schedules have the same.
@lru_cache(maxsize=4096)
def _check_cron(cron: str) -> None:
    """Refuse a cron that croniter cannot read, and one that never fires."""
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
        hint = "none of those months has that day"
        raise InvalidError(f"{quoted(cron)} never fires", hint, rules.INVALID_INTERVAL) from error


def _refusal(cron: str) -> InvalidError:
    from croniter import croniter  # noqa: PLC0415  # as in `expand`

    for position, (field, name, values) in enumerate(zip(cron.split(), _FIELDS, _RANGES, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[position] = field
        try:
            croniter.expand(" ".join(alone), hash_id=b"")
        except ValueError:
            return InvalidError(f"{quoted(field)} is not a valid {name}", f"from {values}", rules.INVALID_INTERVAL)
    return InvalidError(
        f"{quoted(cron)} is not a valid cron expression", "minute, hour, day, month, weekday", rules.INVALID_INTERVAL
    )
