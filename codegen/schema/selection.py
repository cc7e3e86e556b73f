"""Selects schedules by owner, tag, runner or pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from codegen.diagnostics import InvalidError, nearest, quoted
from codegen.schema import Schedule

# The default pool: `DEFAULT_POOL_NAME` in airflow/models/pool.py.
DEFAULT_POOL = "default_pool"
# The number of values in a hint.
_MAX_SHOWN = 5


@dataclass(frozen=True)
class Selection:
    """A filter for schedules: each kind with values must match one of them."""

    owner: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()
    pool: tuple[str, ...] = ()

    def has(self, schedule: Schedule) -> bool:
        """Return whether a schedule is selected."""
        wanted = {kind: values for kind in KINDS if (values := getattr(self, kind))}
        return all(not _values_of(schedule, kind).isdisjoint(values) for kind, values in wanted.items())

    def check(self, schedules: Iterable[Schedule]) -> None:
        """Raise an `InvalidError` for a value that no schedule has."""
        known = choices(schedules)
        for kind in KINDS:
            for value in getattr(self, kind):
                if value not in known[kind]:
                    hint = nearest(value, known[kind]) or _some(known[kind])
                    raise InvalidError(f"no schedule has the {kind} {quoted(value)}", hint)


KINDS = tuple(field.name for field in fields(Selection))


def choices(schedules: Iterable[Schedule]) -> Mapping[str, Sequence[str]]:
    """Return the values of each kind, the most frequent first."""
    schedules = list(schedules)
    counts = {kind: Counter(v for s in schedules for v in _values_of(s, kind)) for kind in KINDS}
    return {kind: sorted(count, key=lambda value: (-count[value], value)) for kind, count in counts.items()}


def _values_of(schedule: Schedule, kind: str) -> set[str]:
    tasks = schedule.tasks or ()
    if kind == "owner":
        return {schedule.owner or ""}
    if kind == "tag":
        return set(schedule.all_tags)
    if kind == "runner":
        return {runner for task in tasks if (runner := schedule.runner_of(task))} if tasks else {schedule.runner or ""}
    return {task.pool or schedule.pool or DEFAULT_POOL for task in tasks} or {schedule.pool or DEFAULT_POOL}


def _some(values: Sequence[str]) -> str:
    """Return a hint that lists the first values."""
    shown = ", ".join(map(quoted, values[:_MAX_SHOWN])) + (", ..." if len(values) > _MAX_SHOWN else "")
    return f"choose from {shown}" if values else "there are no schedules"
