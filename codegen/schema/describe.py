"""What starts a schedule, in words: the clock, other schedules, or a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.diagnostics import quoted
from codegen.timetable.interval import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from codegen.schema import Schedule


def describe_start(schedule: Schedule, code: Callable[[str], str] = quoted) -> str:
    """When it runs, such as `every day at 06:00 (UTC), and after X and Y`.

    Args:
        schedule: a checked schedule.
        code: how a name stands in the text.
    """
    clock = schedule.clock
    if not schedule.after:
        return in_words(clock) + (f" ({schedule.timezone})" if clock.cron else "")
    names = [code(name) for name in schedule.after.names]
    *others, last = names
    after = f"after {', '.join(others)} {'or' if schedule.after.any else 'and'} {last}" if others else f"after {last}"
    return f"{in_words(clock)} ({schedule.timezone}), and {after}" if clock.cron else after


def describe_start_briefly(schedule: Schedule) -> str:
    """The same for a column of a table: the interval as it is written, and the names."""
    if not schedule.after:
        return schedule.interval
    after = f"after {(' or ' if schedule.after.any else ', ').join(schedule.after.names)}"
    return f"{schedule.interval}, {after}" if schedule.clock.cron else after
