"""When the clock starts a schedule: aliases, crons, hashed crons, and the same in words. The only user of croniter."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from codegen import rules
from codegen.diagnostics import InvalidError, nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from zoneinfo import ZoneInfo

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
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAYS_OF_EVERY_MONTH = 28
_DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_HOURS_OF_A_DAY = 24
_MINUTES_OF_AN_HOUR = 60
_MOMENT = timedelta(microseconds=1)
_HASHED = re.compile(r"[hH](?:\(\d+-\d+\))?(?:/\d+)?")
_HASHED_DAY = re.compile(r"^[hH](?=/|$)")
_RANDOM = re.compile(r"[rR](?:\(\d+-\d+\))?(?:/\d+)?")
_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True)
class Interval:
    """An interval that can run.

    Attributes:
        schedule: what Airflow gets: a preset, a cron of five plain fields, or nothing where a person starts it.
    """

    schedule: str | None

    @property
    def cron(self) -> str | None:
        """The five fields, or nothing where a person starts it."""
        return AIRFLOW_PRESETS.get(self.schedule, self.schedule) if self.schedule else None


@lru_cache(maxsize=4096)
def parse_interval(text: str, seed: str) -> Interval:
    """Read an interval.

    Args:
        text: an alias, or a cron of five fields, in which `H` stands for a value drawn from the seed.
        seed: the schedule's name, so that the same schedule always runs at the same time.

    Raises:
        InvalidError: it is none, it never fires, or it holds what Airflow or croniter cannot do.
    """
    stripped = text.strip()
    if stripped.startswith("@"):
        return _alias(stripped)
    fields = stripped.split()
    if len(fields) != len(_FIELDS):
        raise _wrong_count(fields)
    for field, name in zip(fields, _FIELDS, strict=True):
        _check_field(field, name)
    cron = " ".join(_expand_hashes(fields, seed))
    _check_cron(cron)
    _check_fires(cron)
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
    hint = _meaning_of(fields) or "minute, hour, day of the month, month, day of the week; or an alias such as @daily"
    return InvalidError(message, hint, rules.INVALID_INTERVAL)


def _meaning_of(fields: list[str]) -> str:
    """What is meant by more fields: Quartz puts seconds in front and a year at the end, AWS (with its `?`) a year."""
    if len(fields) - len(_FIELDS) not in {1, 2}:
        return ""
    first, *middle, last = fields
    if len(middle) == len(_FIELDS):
        what, five = "the first looks like seconds and the last like a year", middle
    elif re.fullmatch(r"(19|20)\d\d.*", last) or ("?" in fields and last == "*"):
        what, five = "the last looks like a year", [first, *middle]
    else:
        what, five = "the first looks like seconds", [*middle, last]
    return f'{what}, which Airflow does not have; did you mean "{" ".join(five)}"?'


def _check_field(field: str, name: str) -> None:
    if _RANDOM.fullmatch(field):
        raise InvalidError(
            f"{quoted(field)} in the field {name} draws another time at each reading",
            f"write `H{field[1:]}`, which is drawn from the schedule's name",
            rules.INVALID_INTERVAL,
        )
    names = {"month": _MONTHS, "day of the week": _DAYS}.get(name, ())
    for word in _WORD.findall(field):
        if word.lower() not in names:
            hint = nearest(word.lower()[:3], names) if names else "names are for months and weekdays"
            raise InvalidError(f"{quoted(word)} is not a valid {name}", hint, rules.INVALID_INTERVAL)


def _expand_hashes(fields: list[str], seed: str) -> list[str]:
    """Replace each hashed field by the values that croniter draws for it.

    A day of the month is drawn from 1 to 28, as Jenkins does, where `H` came from: the 31st is not in every month.
    """
    if not any(_HASHED.fullmatch(field) for field in fields):
        return fields
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
    """Refuse what croniter cannot read, and name the field."""
    try:
        croniter.expand(cron)
    except (CroniterBadCronError, CroniterBadDateError) as error:
        raise _refusal(cron) from error


def _refusal(cron: str) -> InvalidError:
    for position, (field, name, values) in enumerate(zip(cron.split(), _FIELDS, _RANGES, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[position] = field
        try:
            croniter.expand(" ".join(alone), hash_id=b"")
        except (CroniterBadCronError, CroniterBadDateError):
            return InvalidError(f"{quoted(field)} is not a valid {name}", f"from {values}", rules.INVALID_INTERVAL)
    return InvalidError(
        f"{quoted(cron)} is not a valid cron expression", "minute, hour, day, month, weekday", rules.INVALID_INTERVAL
    )


@lru_cache(maxsize=4096)
def _check_fires(cron: str) -> None:
    try:
        croniter(cron, datetime(2024, 1, 1, tzinfo=timezone.utc)).get_next(datetime)
    except CroniterBadDateError as error:
        hint = "none of those months has that day"
        raise InvalidError(f"{quoted(cron)} never fires", hint, rules.INVALID_INTERVAL) from error


def on_the_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """A date on the clock of a timezone; one without an offset is read as `pendulum.datetime` reads it."""
    return moment.astimezone(zone) if moment.tzinfo else _on_the_wall(moment, zone)


def is_same_cron(one: str, other: str) -> bool:
    """Whether two crons or presets of Airflow fire at the same times, as `@daily`, `@midnight` and `0 0 * * *` do."""
    try:
        return one == other or bool(croniter.expand(one) == croniter.expand(other))
    except ValueError:  # all that croniter raises
        return False


class NeverError(Exception):
    """A cron does not fire any more, or not yet, in the years that can be told."""


class Clock:
    """The moments at which a cron fires, in a timezone, over changes of the clock as Airflow has them.

    The rules are those of `CronMixin` in airflow/timetables/_cron.py (2.10 to 3.3): the wall clock decides, but for a
    cron that fires in every hour, which counts hours that passed. So a tick depends on the moment it is asked from.
    Moments come and go in UTC: those of one timezone are compared by Python as its wall clock shows them.
    """

    def __init__(self, cron: str, zone: ZoneInfo) -> None:
        self._zone = zone
        (minutes, hours, *days), *_ = _expand(cron)
        self._ticks = _ticks_of_a_day(tuple(minutes), tuple(hours))
        self._ticks_in_an_hour = _MINUTES_OF_AN_HOUR if minutes == ["*"] else len(minutes)
        self._hours = None if hours == ["*"] else len(hours)
        self._is_daily = all(values == ["*"] for values in days)
        self._day_fields = " ".join(cron.split()[2:])

    @property
    def can_stall(self) -> bool:
        """Whether it counts hours and leaves days out: then a change of the clock takes ticks from the wall clock's."""
        return self._hours is None and not self._is_daily

    def next(self, moment: datetime) -> datetime:
        """The first tick after a moment.

        Raises:
            NeverError: there is none.
        """
        naive = self._naive(moment)
        return self._moment_of(self._after(naive), moment, naive)

    def previous(self, moment: datetime) -> datetime:
        """The last tick before a moment.

        Raises:
            NeverError: there is none.
        """
        naive = self._naive(moment)
        return self._moment_of(self._before(naive), moment, naive)

    def on_or_after(self, moment: datetime) -> datetime:
        """The moment itself if it is a tick, else the next one; as Airflow, by asking for the one before the next."""
        following = self.next(moment)
        return moment if self.previous(following) == moment else following

    def on_or_before(self, moment: datetime) -> datetime:
        """The moment itself if it is a tick, else the one before; as Airflow, by asking for the one after that."""
        before = self.previous(moment)
        return moment if self.next(before) == moment else before

    def earlier(self, moment: datetime, count: int) -> datetime:
        """The tick of the wall clock that is so many before a moment.

        Raises:
            NeverError: there is none.
        """
        for _ in range(count):
            on_the_wall = _on_the_wall(self._before(self._naive(moment)), self._zone).astimezone(timezone.utc)
            # Where the clock shows an hour twice, the one on the wall is the later one.
            moment = on_the_wall if on_the_wall < moment else self.previous(moment)
        return moment

    def ticks_of_a_day(self, begin: timedelta, end: timedelta) -> Sequence[timedelta]:
        """How long after midnight it fires on the wall, from one time of day to before another."""
        return self._ticks[bisect_left(self._ticks, begin) : bisect_left(self._ticks, end)]

    def days(self, first: date, last: date) -> Iterator[date]:
        """The days from the first to the last on which it fires."""
        with suppress(NeverError):
            while (first := self._first_day(first)) <= last:
                yield first
                first = _days_later(first, 1)

    def ticks_of(self, day: date) -> Iterator[datetime]:
        """The ticks on one of those days."""
        midnight = datetime.combine(day, time(), self._zone).astimezone(timezone.utc)
        with suppress(NeverError):
            tick = self.next(midnight - _MOMENT)
            while tick.astimezone(self._zone).date() == day:
                yield tick
                tick = self.next(tick)

    def ticks_in(self, hours: float) -> int | None:
        """How many there are in a day of so many hours; nothing where it takes a look at the day."""
        if self._hours is None:
            return int(hours) * self._ticks_in_an_hour if hours == int(hours) else None
        return self._hours * self._ticks_in_an_hour if hours == _HOURS_OF_A_DAY else None

    def _naive(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def _moment_of(self, scheduled: datetime, asked: datetime, naive: datetime) -> datetime:
        if self._hours is None:  # `_covers_every_hour` of Airflow's file
            return asked + (scheduled - naive)
        return _on_the_wall(scheduled, self._zone).astimezone(timezone.utc)

    def _after(self, naive: datetime) -> datetime:
        """The first tick on the wall, as croniter's `get_next`, whatever the timezone."""
        day = naive.date()
        position = bisect_right(self._ticks, naive - _midnight(day))
        if position == len(self._ticks) or self._first_day(day) > day:
            day, position = self._first_day(_days_later(day, 1)), 0
        return _midnight(day) + self._ticks[position]

    def _before(self, naive: datetime) -> datetime:
        """The last tick on the wall, as croniter's `get_prev`, whatever the timezone."""
        day = naive.date()
        position = bisect_left(self._ticks, naive - _midnight(day))
        if position == 0 or self._last_day(day) < day:
            day, position = self._last_day(_days_later(day, -1)), 0
        return _midnight(day) + self._ticks[position - 1]

    def _first_day(self, day: date) -> date:
        return day if self._is_daily else _first_day(self._day_fields, day)

    def _last_day(self, day: date) -> date:
        return day if self._is_daily else _last_day(self._day_fields, day)


# Crons are few and asked for often; their readings are shared, and nobody writes to them.
_expand = lru_cache(maxsize=4096)(croniter.expand)


@lru_cache(maxsize=256)
def _ticks_of_a_day(minutes: tuple[int | str, ...], hours: tuple[int | str, ...]) -> Sequence[timedelta]:
    """How long after midnight a cron fires, in order; its fields are as croniter expands them."""
    of_minutes = range(_MINUTES_OF_AN_HOUR) if minutes == ("*",) else sorted(map(int, minutes))
    of_hours = range(_HOURS_OF_A_DAY) if hours == ("*",) else sorted(map(int, hours))
    return [timedelta(hours=hour, minutes=minute) for hour in of_hours for minute in of_minutes]


@lru_cache(maxsize=2**14)
def _first_day(fields: str, day: date) -> date:
    """The day itself, or the first after it, on which a cron with these last three fields fires."""
    return _day_of(croniter(f"0 0 {fields}", start_time=_midnight(day) - _MOMENT).get_next)


@lru_cache(maxsize=2**14)
def _last_day(fields: str, day: date) -> date:
    """The day itself, or the last before it."""
    return _day_of(croniter(f"0 0 {fields}", start_time=_midnight(day) + _MOMENT).get_prev)


def _day_of(step: Callable[[type[datetime]], datetime]) -> date:
    try:
        return step(datetime).date()
    except (CroniterBadDateError, OverflowError) as error:
        raise NeverError from error


def _days_later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise NeverError from error


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _on_the_wall(naive: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a wall clock's reading: of two the later, and in a gap the one that pendulum moves it to."""
    moment = naive.replace(tzinfo=zone, fold=1)
    normal = moment.astimezone(timezone.utc).astimezone(zone)
    if normal.replace(tzinfo=None) == naive:
        return normal
    before = naive.replace(tzinfo=zone, fold=0)
    return before.astimezone(timezone.utc).astimezone(zone)


def in_words(interval: Interval) -> str:
    """The interval as a person says it, such as `every Monday at 06:30`; a cron where there are no short words."""
    return short_words(interval) or f"on the cron `{interval.cron}`"


def short_words(interval: Interval) -> str:
    """The same; empty where there are no short words."""
    if interval.cron is None:
        return "only when somebody starts it"
    minute, hour, day, month, weekday = interval.cron.split()
    words = _words_of_day(day, month, weekday)
    if words and minute.isdigit() and hour.isdigit():
        return f"{words} at {int(hour):02}:{int(minute):02}"
    if words == "every day" and hour == "*":
        return _words_in_the_hour(minute)
    return ""


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
    number = (
        int(weekday) % 7 if weekday.isdigit() else _DAYS.index(weekday.lower()) if weekday.lower() in _DAYS else None
    )
    return "" if number is None else f"every {_DAY_NAMES[number]}"


def _words_in_the_hour(minute: str) -> str:
    if minute in {"*", "*/1"}:
        return "every minute"
    if minute.isdigit():
        return "every hour" if int(minute) == 0 else f"every hour at minute {int(minute)}"
    step = minute.removeprefix("*/")
    # A step that does not divide the hour starts anew at each full hour: "every 7 minutes" would not be true.
    if minute.startswith("*/") and step.isdigit() and 60 % int(step) == 0:
        return f"every {int(step)} minutes"
    return ""
