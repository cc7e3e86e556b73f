"""The parts of the state ids that `meltano run` makes: none may hold the character that it puts between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, InvalidError, quoted
from codegen.meltano.blocks import DELIMITER, option_of, pairs_of
from codegen.schema import Task
from codegen.shell import words_of
from codegen.templating import TEMPLATE, literal_text, with_templates_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.diagnostics import Location
    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule

# Options of `meltano run`, and the variables that set them too (meltano/cli/run.py).
_SUFFIX = "--state-id-suffix"
_SUFFIX_VARIABLE = "MELTANO_RUN_STATE_ID_SUFFIX"
_WITHOUT_STATE = {"--no-state-update": "MELTANO_RUN_NO_STATE_UPDATE"}
# The variables of Airflow that have a time of day in them.
_OF_A_RUN = re.compile(
    r"\{\{\s*((?:dag_run\.)?(?:run_id|logical_date|execution_date|run_after)|ts|data_interval_(?:start|end))\s*\}\}"
)
_TEMPLATE = re.compile(f"({TEMPLATE.pattern})", re.DOTALL)
_TRUE = {"1", "true", "t", "yes", "y", "on"}


def check_state_ids(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Meltano makes no state id of parts that hold the character between them (`generate_state_id`)."""
    environment = schedule.environment or ""
    if _has_delimiter(environment) and _runs_meltano(schedule):
        message = f"every run fails: Meltano does not allow `{DELIMITER}` in the name of an environment"
        hint = f"rename it in meltano.yml and here: {quoted(_without_delimiter(environment))}"
        yield Diagnostic("invalid-value", message, schedule.where("environment"), hint)
    for task in tasks_with_state(schedule, meltano) if not schedule.extractor else ():
        suffix, place = _suffix_of(schedule, task)
        if _has_delimiter(suffix):
            message = f"`meltano run` does not allow `{DELIMITER}` in the suffix of a state id"
            yield Diagnostic("invalid-value", message, place, f"write {quoted(_without_delimiter(suffix))}")


def tasks_with_state(schedule: Schedule, meltano: MeltanoProject | None) -> list[Task]:
    """The tasks that extract and load with a state; one that stands for the schedule where it is of no `tasks`."""
    if schedule.extractor:
        return [Task()]
    return [
        task
        for task in schedule.tasks or _tasks_of_job(schedule, meltano)
        if pairs_of(_words(task), meltano) and not has_option(_WITHOUT_STATE, schedule, task)
    ]


def has_option(options: Mapping[str, str], schedule: Schedule, task: Task) -> bool:
    """Whether a task's `meltano run` has one of the options.

    Args:
        options: each with the variable that sets it too.
        schedule: the schedule of the task.
        task: the task.
    """
    if not task.run:
        return False
    env, words = {**schedule.env, **task.env}, _words(task)
    return any(option in words or (env.get(name) or "").lower() in _TRUE for option, name in options.items())


def _tasks_of_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Task]:
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    if job:
        yield from (Task(run=run, at={"run": job.location}) for run in job.tasks)


def _words(task: Task) -> list[str]:
    """The words of its `meltano run`; none in a task of a job that cannot be read, which `check_meltano` reports."""
    try:
        return words_of(task.run)
    except InvalidError:
        return []


def _suffix_of(schedule: Schedule, task: Task) -> tuple[str, Location]:
    """The suffix that a task's `meltano run` takes, and where it stands."""
    if own := option_of(_words(task), _SUFFIX):
        return own, task.at["run"]
    if schedule.state_id_suffix:
        return schedule.state_id_suffix, schedule.where("state_id_suffix")
    place = task.at["env"] if _SUFFIX_VARIABLE in task.env else schedule.where("env")
    return {**schedule.env, **task.env}.get(_SUFFIX_VARIABLE) or "", place


def _runs_meltano(schedule: Schedule) -> bool:
    return schedule.tasks is None or any(task.run for task in schedule.tasks)


def _has_delimiter(text: str) -> bool:
    """Whether a value has the character for sure: outside of its templates, or in the dates and ids of a run."""
    literal = literal_text(text)
    return DELIMITER in (with_templates_as("", text) if literal is None else literal) or bool(_OF_A_RUN.search(text))


def _without_delimiter(text: str) -> str:
    parts = _TEMPLATE.split(literal_text(text) or text)
    parts[::2] = [part.replace(DELIMITER, "-") for part in parts[::2]]
    return _OF_A_RUN.sub(rf"{{{{ \1 | replace('{DELIMITER}', '-') }}}}", "".join(parts))
