"""Checks retries: the last one must start after Meltano releases the lock of a killed run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from math import ceil

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.plan.states import WITHOUT_LOCK, KeptState, has_option
from codegen.schema import Schedule, Task
from codegen.validate.states import steps_with_state

# How long Meltano keeps a lock after the last heartbeat (`HEARTBEAT_VALID_MINUTES` in
# meltano/core/job/job.py), and Airflow's longest wait between retries (`MAX_RETRY_DELAY` in `abstractoperator.py`).
_LOCK = timedelta(minutes=5)
_MAX_WAIT = timedelta(days=1)


def check_retries(schedule: Schedule, states: Iterable[KeptState]) -> Iterator[Diagnostic]:
    """Report retries that end before Meltano releases the lock of a killed run."""
    reported: set[Location] = set()
    for step in steps_with_state(states):
        if not schedule.of(step.task, "retries") or has_option(step, WITHOUT_LOCK):
            continue
        keys = _keys_to_raise(schedule, step.task)
        own = [name for name in ("retry_delay", "retries") if name in step.task.at]
        place = schedule.where("retry_delay", "max_retry_delay", "retries")
        if keys == ("max_retry_delay",):
            place = schedule.where("max_retry_delay")
        elif own:
            place = step.task.at[own[0]]
        if keys and place not in reported:
            reported.add(place)
            message = "the retries end before Meltano releases the lock of a killed run, which takes 5 minutes"
            hint = "set " + " and the schedule's ".join(f"`{key}: 5m`" for key in keys)
            yield Diagnostic(rules.SHORT_RETRIES, message, place, hint)


def _keys_to_raise(schedule: Schedule, task: Task) -> Sequence[str]:
    """Return the keys to set to the lifetime of the lock; empty if the retries already last longer."""
    delay, longest = schedule.of(task, "retry_delay"), schedule.of(task, "max_retry_delay") or _MAX_WAIT
    options = [((), delay, longest), (("retry_delay",), _LOCK, longest), (("max_retry_delay",), delay, _LOCK)]
    for keys, first, last in options:
        if _total_wait(schedule, task, first.total_seconds(), last.total_seconds()) >= _LOCK.total_seconds():
            return keys
    return "retry_delay", "max_retry_delay"


def _total_wait(schedule: Schedule, task: Task, delay: float, longest: float) -> float:
    """Return the minimum seconds until the last retry (airflow/models/taskinstance.py, `next_retry_datetime`)."""
    number = schedule.of(task, "retries")
    if not schedule.of(task, "retry_exponential_backoff"):
        return float(number * delay)
    # A wait is at least a second, so these are enough.
    numbers = range(min(number, round(_LOCK.total_seconds())))
    return sum(min(max(ceil(delay * (1 << min(n, 20))), 1), longest) for n in numbers)
