"""The time picker of a pipeline: its choices, the next runs, and the load of their hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import NamedTuple
from zoneinfo import ZoneInfo

from codegen.airflow_facts import facts_of
from codegen.calendar.busy import BusyHour, busy_hour
from codegen.diagnostics import InvalidError
from codegen.keys.texts import timezones
from codegen.source.nodes import MapNode, Node, Scalar, is_null
from codegen.timetable.humanize import in_words, recurrence_in_words
from codegen.timetable.interval import DAY_NAMES, parse_interval
from codegen.timetable.recurrence import (
    EVERY_MONTH,
    HOURS,
    JANUARY,
    LAST_DAY,
    MINUTES,
    QUARTERLY,
    EveryHours,
    EveryMinutes,
    OnDayOfMonth,
)
from codegen.timetable.timetable import Timetable
from codegen.web.editing.drafts import usual_timezones
from codegen.web.editing.fields import inherited
from codegen.web.editing.preview import Preview
from codegen.web.editing.when import Choices, choices_of, sent_choices, shown_choices
from codegen.web.parts.next_runs import NextRuns, next_runs_of

_RUNS = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The labels of the choices, by the values of the controls. The week begins on Monday.
LABELS = {
    "starts": {
        "times": "at set times",
        "often": "every few minutes or hours",
        "after": "after other pipelines",
        "manual": "manually only",
        "cron": "on a cron schedule (advanced)",
    },
    "every": {
        "Minutes": {f"{step}m": recurrence_in_words(EveryMinutes(step)).removeprefix("every ") for step in MINUTES},
        "Hours": {f"{step}h": recurrence_in_words(EveryHours(step)).removeprefix("every ") for step in HOURS},
    },
    "days": {"every": "every day", "weekdays": "weekdays", "chosen": "chosen days", "month": "a day of the month"},
    "weekdays": {number: DAY_NAMES[number] for number in (1, 2, 3, 4, 5, 6, 0)},
    "day": {**{str(day): f"day {day}" for day in range(1, 32)}, LAST_DAY: "the last day"},
    "months": {
        EVERY_MONTH: "of every month",
        QUARTERLY: "of each quarter's first month (January, April, July, October)",
        JANUARY: "of January",
    },
}


@dataclass(frozen=True)
class Busy:
    """The load of the hour of the next run.

    Attributes:
        minute: the minute of the run.
        quieter: a minute with fewer runs; None if there is none.
    """

    hour: BusyHour
    minute: int
    quieter: int | None

    @property
    def sentence(self) -> str:
        """Such as `On Mon 2026-11-30, 14 other runs start between 06:00 and 07:00, 9 of them at 06:00.`."""
        hour, number = self.hour.hour, self.hour.runs
        starts = f"{number} other run{' starts' if number == 1 else 's start'}" if number else "no other run starts"
        day, at = f"{hour.day:%a %Y-%m-%d}", f"{hour.number:02}:{self.minute:02}"
        span = f"between {hour.number:02}:00 and {(hour.number + 1) % 24:02}:00"
        here = self.hour.starts.get(self.minute, 0) or "none"
        return f"On {day}, {starts} {span}{f', {here} of them at {at}' if number else ''}."


@dataclass(frozen=True)
class Picker:
    """The time picker of a text.

    Attributes:
        interval: the interval of the text or of its defaults; empty without one.
        is_after: whether other pipelines start it.
        has_below: whether its defaults have an interval.
        usual_timezone: the timezone of most schedules; empty without any.
        start: the start of the pipeline, in words; empty if it has errors.
        runs: the next runs; None if they are unknown.
        busy: the load of the hour of the next run; None without one.
    """

    choices: Choices
    interval: str
    is_after: bool
    has_below: bool
    usual_timezone: str
    start: str
    runs: NextRuns | None
    busy: Busy | None

    @property
    def lacks_upstream(self) -> bool:
        """Whether it starts after other pipelines, but none is selected."""
        return self.choices.starts == "after" and not self.is_after

    @property
    def months_without(self) -> Sequence[str]:
        """The names of the months without the day."""
        try:
            recurrence = self.choices.recurrence if self.choices.starts == "times" else None
        except InvalidError:
            return ()
        return recurrence.months_without if isinstance(recurrence, OnDayOfMonth) else ()


def picker_of(
    preview: Preview, own: MapNode | None, sent: Mapping[str, str], viewer: ZoneInfo, problems: Mapping[str, str]
) -> Picker | None:
    """Create the picker of a text with the keys `own`; None if it cannot be read, or has a custom Airflow timetable."""
    if own is None:
        return None
    document = preview.document
    entries = document.merged.entries if document else own.entries
    node, after = (entries[key].value if key in entries else None for key in ("interval", "after"))
    if isinstance(node, MapNode):
        return None
    interval = node.text.strip() if isinstance(node, Scalar) and not is_null(node) else ""
    is_after = after is not None and not is_null(after)
    choices, sent_ones = choices_of(interval, is_after=is_after), sent_choices(sent)
    choices = sent_ones if sent_ones and "interval" in problems else shown_choices(choices, sent_ones)
    zone = entries["timezone"].value if "timezone" in entries else None
    clock = _clock_of(preview, interval, zone)
    timetable = clock.timetable if clock else None
    runs = next_runs_of(timetable, _RUNS, datetime.now(timezone.utc), viewer) if timetable else None
    busy = _busy(preview, choices, runs) if runs and runs.runs else None
    usual = next(iter(usual_timezones(preview.reading)), "")
    has_below = inherited(document, "interval", preview.source) is not None
    return Picker(choices, interval, is_after, has_below, usual, clock.start if clock else "", runs, busy)


class _Clock(NamedTuple):
    """The start of a pipeline in words, and its timetable; None without a cron schedule."""

    start: str
    timetable: Timetable | None


def _clock_of(preview: Preview, interval: str, zone: Node | None) -> _Clock | None:
    """Return the clock of the schedule, or of its interval if other fields have errors; None if that has one."""
    airflow, schedule = preview.project.airflow, preview.schedule
    if schedule:
        timetable = schedule.timetable(airflow)
        return _Clock(preview.start, timetable if timetable.cron else None)
    name = zone.text if isinstance(zone, Scalar) else "UTC"
    if not interval or name not in timezones():
        return None
    with suppress(InvalidError):
        parsed = parse_interval(interval, PurePosixPath(preview.source).stem)
        start = f"{in_words(parsed)} ({name})" if parsed.cron else in_words(parsed)
        timetable = Timetable(
            parsed.cron, ZoneInfo(name), _EPOCH, has_data_intervals=facts_of(airflow).cron_data_intervals
        )
        return _Clock(start, timetable if parsed.cron else None)
    return None


def _busy(preview: Preview, choices: Choices, runs: NextRuns) -> Busy:
    """Count the other runs in the hour of the next run, in the timezone of the schedule."""
    run, zone = runs.runs[0], runs.zone
    others = (each for each in preview.reading.of(preview.deployment) if each.source != preview.source)
    hour = busy_hour(others, preview.project.airflow, run, zone)
    quieter = hour.quietest(run.minute) if choices.minute is not None else run.minute
    is_quieter = hour.starts.get(quieter, 0) < hour.starts.get(run.minute, 0)
    return Busy(hour, run.minute, quieter if is_quieter else None)
