"""Retries: the last one must start after Meltano has released the lock of a killed run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic
from codegen.plan.states import has_option
from codegen.validate.places import place_of
from codegen.validate.states import steps_with_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.diagnostics import Location
    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule, Task

# In seconds: how long Meltano holds a lock after the last heartbeat (`HEARTBEAT_VALID_MINUTES` in
# meltano/core/job/job.py), and Airflow's longest wait between retries (`MAX_RETRY_DELAY` in `abstractoperator.py`).
_LOCK = 5 * 60
_LONGEST_WAIT = 24 * 60 * 60
# The options of `meltano run` with which it takes no lock, and the variable that sets one.
_WITHOUT_LOCK = {"--force": "MELTANO_RUN_FORCE", "-f": "MELTANO_RUN_FORCE"}


@dataclass(frozen=True)
class _Retries:
    """The retries of a task, with the first and the longest delay in seconds."""

    number: int
    delay: float
    is_exponential: bool
    longest: float

    @classmethod
    def of(cls, schedule: Schedule, task: Task) -> _Retries:
        longest = schedule.of(task, "max_retry_delay")
        return cls(
            schedule.of(task, "retries"),
            schedule.of(task, "retry_delay").total_seconds(),
            bool(schedule.of(task, "retry_exponential_backoff")),
            longest.total_seconds() if longest else _LONGEST_WAIT,
        )

    def outlive_lock(self) -> bool:
        """Whether the last one starts after Meltano's lock has expired, if each wait is as short as possible."""
        if not self.is_exponential:
            return self.number * self.delay >= _LOCK
        # A wait is at least a second.
        return sum(map(self._shortest_wait, range(min(self.number, _LOCK)))) >= _LOCK

    def _shortest_wait(self, number: int) -> float:
        """Before an exponential retry (airflow/models/taskinstance.py, `next_retry_datetime`), counted from 0."""
        return min(max(ceil(self.delay * (1 << min(number, 20))), 1), _LONGEST_WAIT, self.longest)

    def keys_to_raise(self) -> list[str]:
        """The keys to set to the duration of Meltano's lock, so that already the first retry outlives it."""
        if replace(self, delay=_LOCK).outlive_lock():
            return ["retry_delay"]
        if replace(self, longest=_LOCK).outlive_lock():
            return ["max_retry_delay"]
        return ["retry_delay", "max_retry_delay"]


def check_retries(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """One of the retries must start after Meltano has released the lock of a killed run."""
    reported: set[Location] = set()
    for step in steps_with_state(schedule, meltano):
        task = step.task
        retries = _Retries.of(schedule, task)
        if not retries.number or retries.outlive_lock() or has_option(step, _WITHOUT_LOCK):
            continue
        keys = retries.keys_to_raise()
        place = _place_of_retries(schedule, task, keys)
        if place not in reported:
            reported.add(place)
            message = "the retries end before Meltano releases the lock of a killed run, which takes 5 minutes"
            hint = "set " + " and the schedule's ".join(f"`{key}: 5m`" for key in keys)
            yield Diagnostic(rules.SHORT_RETRIES, message, place, hint)


def _place_of_retries(schedule: Schedule, task: Task, keys: list[str]) -> Location:
    if keys == ["max_retry_delay"]:
        return schedule.where("max_retry_delay")
    own = [name for name in ("retry_delay", "retries") if name in task.at]
    return place_of(task, schedule, own[0]) if own else schedule.where("retry_delay", "max_retry_delay", "retries")
