"""Decides what each generated file says: a schedule becomes a small tree of imports, arguments, tasks and arrows."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from itertools import chain, count, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from codegen.command import steps_of
from codegen.diagnostics import printable
from codegen.interval import in_words, parse_interval
from codegen.literal import LINE_LENGTH, Argument, Identifier, LocalTime, MeltanoCommand, Value
from codegen.shell import as_shell
from codegen.templating import as_rendered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from codegen.command import Step
    from codegen.meltano import Job
    from codegen.schema import Schedule

# How each Airflow spells its imports in a stock installation.
_AIRFLOW_2 = ("from airflow import DAG", "from airflow.operators.bash import BashOperator")
_AIRFLOW_3 = ("from airflow.providers.standard.operators.bash import BashOperator", "from airflow.sdk import DAG")
AIRFLOW_IMPORTS = {
    "2.10": _AIRFLOW_2,
    "2.11": _AIRFLOW_2,
    "3.0": _AIRFLOW_3,
    "3.1": _AIRFLOW_3,
    "3.2": _AIRFLOW_3,
    "3.3": _AIRFLOW_3,
}

# What a generated file imports; its constants are in capitals.
_TAKEN_NAMES = {"BashOperator", "pendulum", "timedelta"}
_LONGEST_NAME = 40


@dataclass(frozen=True)
class PlannedTask:
    """One operator: `variable = operator(arguments)`, the variable only where an arrow names it."""

    task_id: str
    variable: str
    operator: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class PlannedDag:
    """One DAG: its arguments, its tasks in an order in which they can run, and the lines that order them."""

    dag_id: str
    arguments: tuple[Argument, ...]
    tasks: tuple[PlannedTask, ...]
    arrows: tuple[str, ...]


@dataclass(frozen=True)
class DagModule:
    """One file.

    Attributes:
        path: below the folder of generated DAGs, with forward slashes.
        source: the schedule file, as a path in the project.
        doc: the module's docstring, which is the DAG's documentation.
        imports: lines, in groups.
    """

    path: str
    source: str
    doc: str
    imports: tuple[tuple[str, ...], ...]
    dags: tuple[PlannedDag, ...]


def plan(schedule: Schedule, jobs: Mapping[str, Job], airflow: str) -> DagModule:
    """Plan the file of a schedule that has no errors.

    Args:
        schedule: a checked schedule.
        jobs: the jobs of the Meltano project, by name.
        airflow: the version, as a key of `AIRFLOW_IMPORTS`.
    """
    steps = steps_of(schedule, jobs)
    dag = PlannedDag(schedule.dag_id_or_default, _dag_arguments(schedule), *_tasks_and_arrows(schedule, steps))
    standard_library = ("from datetime import timedelta",)
    return DagModule(
        path=schedule.dag_file,
        source=schedule.source,
        doc=_doc(schedule, steps),
        imports=(standard_library, ("import pendulum", *AIRFLOW_IMPORTS[airflow])),
        dags=(dag,),
    )


def _dag_arguments(schedule: Schedule) -> tuple[Argument, ...]:
    interval = parse_interval(schedule.interval, schedule.name)
    arguments: dict[str, Value] = {
        "dag_id": schedule.dag_id_or_default,
        "description": schedule.description,
        "doc_md": Identifier("__doc__"),
        "schedule": interval.schedule,
        "start_date": _moment(schedule.start_date, schedule.timezone),
        "end_date": _moment(schedule.end_date, schedule.timezone) if schedule.end_date else None,
        "catchup": schedule.catchup,
        "max_active_runs": schedule.max_active_runs,
        "dagrun_timeout": schedule.run_timeout,
        "is_paused_upon_creation": schedule.paused,
        "default_args": _default_args(schedule),
        "tags": schedule.all_tags,
    }
    return tuple(Argument(name, value) for name, value in arguments.items() if value is not None or name == "schedule")


def _moment(moment: datetime, zone: str) -> LocalTime:
    local = moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment
    return LocalTime(local.replace(tzinfo=None), zone)


def _default_args(schedule: Schedule) -> dict[str, Value]:
    arguments: dict[str, Value] = {
        "owner": schedule.owner,
        "retries": schedule.retries,
        "retry_delay": schedule.retry_delay,
        "retry_exponential_backoff": schedule.retry_exponential_backoff or None,
        "execution_timeout": schedule.timeout,
        "pool": schedule.pool,
        "pool_slots": schedule.pool_slots,
        "priority_weight": schedule.priority_weight,
        "queue": schedule.queue,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _tasks_and_arrows(schedule: Schedule, steps: list[Step]) -> tuple[tuple[PlannedTask, ...], tuple[str, ...]]:
    ordered = {name for step in steps if step.after for name in (step.task_id, *step.after)}
    variables = _variables([step.task_id for step in steps if step.task_id in ordered], schedule.dag_id_or_default)
    tasks = tuple(
        PlannedTask(step.task_id, variables.get(step.task_id, ""), "BashOperator", _task_arguments(step))
        for step in steps
    )
    return tasks, tuple(_arrows(steps, variables))


def _task_arguments(step: Step) -> tuple[Argument, ...]:
    command, words_in_env = as_shell(step.words)
    given = {name: as_rendered(value) for name, value in {**step.env, **words_in_env}.items()}
    arguments: dict[str, Value] = {
        "task_id": step.task_id,
        "bash_command": MeltanoCommand(command),
        "env": given or None,
        "append_env": True if given else None,
        "retries": step.task.retries if step.task else None,
        "execution_timeout": step.task.timeout if step.task else None,
    }
    return tuple(Argument(name, value) for name, value in arguments.items() if value is not None)


def _variables(task_ids: list[str], dag_id: str) -> dict[str, str]:
    """A Python name for each task: its id, less the DAG's in front."""
    variables: dict[str, str] = {}
    for number, task_id in enumerate(task_ids):
        stem = re.sub(r"[^A-Za-z0-9_]", "_", task_id.removeprefix(f"{dag_id}_"))
        candidates = chain((stem, f"task_{stem}"), (f"task_number_{n}" for n in count(number)))
        variables[task_id] = next(name for name in candidates if _is_free(name, variables))
    return variables


def _is_free(name: str, variables: Mapping[str, str]) -> bool:
    """Whether a task can have that name: one of Python's, short, no constant's and nobody else's."""
    is_name = name.isidentifier() and not keyword.iskeyword(name) and not name.isupper()
    return is_name and len(name) <= _LONGEST_NAME and name not in _TAKEN_NAMES and name not in variables.values()


def _arrows(steps: list[Step], variables: dict[str, str]) -> list[str]:
    """The order of the tasks: one line for a chain, else a line for each task that waits."""
    is_chain = all(list(step.after) == [before.task_id] for before, step in pairwise(steps))
    if is_chain and len(steps) > 1:
        line = " >> ".join(variables[step.task_id] for step in steps)
        if _fits(line):
            return [line]
    lines = []
    for step in steps:
        before = [variables[task_id] for task_id in step.after]
        line = (
            f"{before[0] if len(before) == 1 else '[' + ', '.join(before) + ']'} >> {variables[step.task_id]}"
            if before
            else ""
        )
        lines += [line] if _fits(line) else [f"{name} >> {variables[step.task_id]}" for name in before]
    return [line for line in lines if line]


def _fits(line: str) -> bool:
    return len(line) + 4 <= LINE_LENGTH


def _doc(schedule: Schedule, steps: list[Step]) -> str:
    """What runs, when, and where it is defined, as Markdown."""
    parts = [_what_and_when(schedule, steps)]
    if schedule.doc:
        parts.append("\n".join(line.expandtabs(4).rstrip() for line in schedule.doc.strip().splitlines()))
    parts.append(f"Defined in {_code(schedule.source)}.")
    return "\n\n".join(parts) + "\n"


def _what_and_when(schedule: Schedule, steps: list[Step]) -> str:
    interval = parse_interval(schedule.interval, schedule.name)
    when = in_words(interval) + (f" ({schedule.timezone})" if interval.cron else "")
    if schedule.extractor:
        return f"{_extract_load_in_words(schedule)}, {when}."
    what = f"the job {_code(schedule.job)}" if schedule.job else "these tasks"
    tasks = "\n".join(f"- {_code(step.run)}" for step in steps)
    return f"Runs {what} with Meltano, {when}:\n\n{tasks}"


def _extract_load_in_words(schedule: Schedule) -> str:
    plugins = f"{_code(schedule.extractor or '')} into {_code(schedule.loader or '')}"
    if schedule.transform == "only":
        return f"Transforms what Meltano loaded from {plugins}"
    transform = " and transforms it" if schedule.transform else ""
    return f"Loads {plugins} with Meltano{transform}" + (", with a full refresh" if schedule.full_refresh else "")


def _code(text: str) -> str:
    """Text as Markdown's code, whatever it holds (CommonMark 0.31, section 6.1)."""
    shown = printable(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
