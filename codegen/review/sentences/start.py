"""Describes changes of the triggers of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from codegen.review.sentences.sentence import Kind, Sentence, change, listed
from codegen.review.sentences.side import Side
from codegen.schema.describe import describe_start
from codegen.schema.timetable import CustomTimetable


def start_sentences(before: Side, after: Side, now: datetime) -> Iterator[Sentence]:
    """Yield changes of its triggers, start date and end date."""
    old, new = describe_start(before.schedule), describe_start(after.schedule)
    if old != new:
        if _starts_by_itself(before) and not _starts_by_itself(after):
            yield Sentence(Kind.DATA, f"No longer runs by itself: {new}.")
        else:
            yield Sentence(Kind.START, f"{change('Schedule', old, new)}.")
        if after.waiting and before.waiting:
            yield Sentence(
                Kind.OTHERS,
                f"Also changes when {listed(after.waiting)} {'starts' if len(after.waiting) == 1 else 'start'}.",
            )
    elif before.behaviour.fields["schedule"] != after.behaviour.fields["schedule"]:
        yield Sentence(Kind.START, f"Schedule unchanged, {new}: {_difference(before, after)}.")
    if _has_ended(after, now) and not _has_ended(before, now):
        yield Sentence(Kind.DATA, "No longer runs by itself: its end date has passed.")
    elif before.schedule.start_date != after.schedule.start_date:
        yield from first_run_sentences(after, now, only_late=True)


def first_run_sentences(after: Side, now: datetime, *, only_late: bool = False) -> Iterator[Sentence]:
    """Yield the first run; with `only_late`, only if its start date is in the future.

    If a run is due, Airflow starts the last one at once, or with catchup all of them.
    """
    timetable = after.schedule.timetable(after.project.airflow)
    if only_late and timetable.start <= now:
        return
    first = next(timetable.next_runs(now), None)
    if first is None:
        return
    is_due = any(True for _ in timetable.between(timetable.start, now))
    at_once = "Then runs" if after.schedule.catchup else "Runs as soon as it is unpaused, then"
    words = at_once if is_due else "First runs"
    yield Sentence(Kind.START, f"{words} on {first:%a %Y-%m-%d %H:%M %Z}.")


def _difference(before: Side, after: Side) -> str:
    """Return the difference between two triggers with the same description."""
    if before.others.inlets != after.others.inlets:
        return "an upstream pipeline has a new DAG ID in Airflow"
    if isinstance(after.schedule.interval, CustomTimetable):
        return "the arguments of its timetable change"
    if before.schedule.data_interval != after.schedule.data_interval:
        return "the data interval of its runs changes"
    return "the interval is only written differently"


def _starts_by_itself(side: Side) -> bool:
    return not side.schedule.clock.is_manual or bool(side.schedule.after)


def _has_ended(side: Side, now: datetime) -> bool:
    """Return whether no more runs will start."""
    schedule = side.schedule
    if not (schedule.end_date and schedule.clock.cron) or schedule.after:
        return False
    return next(schedule.timetable(side.project.airflow).next_runs(now), None) is None


def waiting_sentences(before: Side, after: Side) -> Iterator[Sentence]:
    """Yield changes of the schedules that wait for it."""
    for mine, others, words in ((after, before, "now also starts"), (before, after, "no longer starts")):
        if names := [name for name in mine.waiting if name not in others.waiting]:
            # No "it": the sentence can be about several pipelines.
            yield Sentence(Kind.OTHERS, f"A successful run {words} {listed(names)}.")
