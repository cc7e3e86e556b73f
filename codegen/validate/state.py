"""State: the id that Meltano makes for it, and the lock that Meltano holds on it while a task runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, Severity, quoted
from codegen.meltano.blocks import extracts_and_loads, read_run
from codegen.schema import Task
from codegen.templating import literal_text, with_templates_as
from codegen.validate.tasks import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.diagnostics import Location
    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule

# In seconds: how long Meltano holds a lock after the last heartbeat (`HEARTBEAT_VALID_MINUTES` in
# meltano/core/job/job.py), and Airflow's longest wait between retries (`MAX_RETRY_DELAY` in `abstractoperator.py`).
_LOCK = 5 * 60
_LONGEST_WAIT = 24 * 60 * 60
# Between the parts of a state id (`STATE_ID_COMPONENT_DELIMITER` in meltano/core/constants.py).
_DELIMITER = ":"
# Options of `meltano run`, and the variables that set them too (meltano/cli/run.py).
_SUFFIX = "--state-id-suffix"
_SUFFIX_VARIABLE = "MELTANO_RUN_STATE_ID_SUFFIX"
_WITHOUT_STATE = {"--no-state-update": "MELTANO_RUN_NO_STATE_UPDATE"}
_WITHOUT_LOCK = {"--force": "MELTANO_RUN_FORCE", "-f": "MELTANO_RUN_FORCE", "--dry-run": ""}
_TRUE = {"1", "true", "t", "yes", "y", "on"}


@dataclass(frozen=True)
class _Retries:
    """The retries of a task.

    Attributes:
        number: how many there are.
        delay: seconds before the first one, and before the others too unless the waits grow.
        is_exponential: whether each wait is longer than the one before.
        longest: the longest of those waits, in seconds.
    """

    number: int
    delay: float
    is_exponential: bool
    longest: float

    @classmethod
    def of(cls, schedule: Schedule, task: Task) -> _Retries:
        own = task.retry_exponential_backoff
        delay = schedule.retry_delay if task.retry_delay is None else task.retry_delay
        longest = schedule.max_retry_delay.total_seconds() if schedule.max_retry_delay else _LONGEST_WAIT
        return cls(
            schedule.retries if task.retries is None else task.retries,
            delay.total_seconds(),
            schedule.retry_exponential_backoff if own is None else own,
            longest,
        )

    def outlive_lock(self) -> bool:
        """Whether the last one starts after Meltano's lock has ended, though each wait is as short as it can be."""
        if not self.is_exponential:
            return self.number * self.delay >= _LOCK
        total = 0.0
        for number in range(self.number):
            total += self._shortest_wait(number)
            if total >= _LOCK:
                return True
        return False

    def _shortest_wait(self, number: int) -> float:
        """Before an exponential retry (airflow/models/taskinstance.py, `next_retry_datetime`), counted from 0."""
        return min(max(ceil(self.delay * (1 << min(number, 20))), 1), _LONGEST_WAIT, self.longest)

    def keys_to_raise(self) -> list[str]:
        """The keys that are to be as long as Meltano's lock, so that the first retry already outlives it."""
        if replace(self, delay=_LOCK).outlive_lock():
            return ["retry_delay"]
        if replace(self, longest=_LOCK).outlive_lock():
            return ["max_retry_delay"]
        return ["retry_delay", "max_retry_delay"]


def check_retries(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """One of the retries must come after Meltano has given up the lock of a run whose process was killed."""
    told: set[Location] = set()
    for task in _tasks_with_state(schedule, meltano):
        retries = _Retries.of(schedule, task)
        if not retries.number or retries.outlive_lock() or _has(_WITHOUT_LOCK, schedule, task):
            continue
        keys = retries.keys_to_raise()
        place = _place_of_retries(schedule, task, keys)
        if place not in told:
            told.add(place)
            message = "the retries end before Meltano releases the lock of a killed run, which takes 5 minutes"
            hint = "set " + " and the schedule's ".join(f"`{key}: 5m`" for key in keys)
            yield Diagnostic("short-retries", message, place, hint, Severity.FINDING)


def check_state_ids(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Meltano makes no state id of parts that hold the character between them (`generate_state_id`)."""
    environment = schedule.environment or ""
    if _DELIMITER in _literal(environment) and _runs_meltano(schedule):
        message = f"every run fails: Meltano does not allow `{_DELIMITER}` in the name of an environment"
        hint = f"rename it in meltano.yml and here: {quoted(_without_delimiter(environment))}"
        yield Diagnostic("invalid-value", message, schedule.where("environment"), hint)
    for task in _tasks_with_state(schedule, meltano) if not schedule.extractor else ():
        suffix, place = _suffix_of(schedule, task)
        if _DELIMITER in _literal(suffix):
            message = f"every run fails: Meltano does not allow `{_DELIMITER}` in the suffix of a state id"
            yield Diagnostic("invalid-value", message, place, f"write {quoted(_without_delimiter(suffix))}")


def _tasks_with_state(schedule: Schedule, meltano: MeltanoProject | None) -> list[Task]:
    """The tasks that extract and load with a state; one that stands for the schedule where it is of no `tasks`."""
    if schedule.extractor:
        return [Task()]
    return [
        task
        for task in schedule.tasks or _tasks_of_job(schedule, meltano)
        if extracts_and_loads(read_run(task.run).blocks, meltano) and not _has(_WITHOUT_STATE, schedule, task)
    ]


def _tasks_of_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Task]:
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    if job:
        yield from (Task(run=run, at={"run": job.location}) for run in job.tasks)


def _has(options: dict[str, str], schedule: Schedule, task: Task) -> bool:
    """Whether a task's `meltano run` has one of the options, or the variable that sets it."""
    if not task.run:
        return False
    env = {**schedule.env, **task.env}
    given = read_run(task.run).options
    return any(option in given or (env.get(name) or "").lower() in _TRUE for option, name in options.items())


def _suffix_of(schedule: Schedule, task: Task) -> tuple[str, Location]:
    """The suffix that a task's `meltano run` takes, and where it stands."""
    own = read_run(task.run).options.get(_SUFFIX)
    if own is not None:
        return own, task.at["run"]
    if schedule.state_id_suffix:
        return schedule.state_id_suffix, schedule.where("state_id_suffix")
    place = task.at["env"] if _SUFFIX_VARIABLE in task.env else schedule.where("env")
    return {**schedule.env, **task.env}.get(_SUFFIX_VARIABLE) or "", place


def _place_of_retries(schedule: Schedule, task: Task, keys: list[str]) -> Location:
    if keys == ["max_retry_delay"]:
        return schedule.where("max_retry_delay")
    own = [name for name in ("retry_delay", "retries") if name in task.at]
    return place_of(task, schedule, own[0]) if own else schedule.where("retry_delay", "max_retry_delay", "retries")


def _runs_meltano(schedule: Schedule) -> bool:
    return schedule.tasks is None or any(task.run for task in schedule.tasks)


def _literal(text: str) -> str:
    """The part of a value that is no template."""
    return literal_text(text) or with_templates_as("", text)


def _without_delimiter(text: str) -> str:
    return text.replace(_DELIMITER, "-")
