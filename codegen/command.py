"""The steps of a schedule and the command that each executes, as Meltano has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from codegen.schema import Schedule, Task
from codegen.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.meltano import Job
    from codegen.schema.docker import Docker
    from codegen.schema.kubernetes import Kubernetes


class _Where(TypedDict):
    runner: str
    docker: Docker | None
    kubernetes: Kubernetes | None


@dataclass(frozen=True)
class Step:
    """What one task does.

    Attributes:
        task_id: the task's id.
        calls: the programs that it calls, each if the one before succeeded: the words of each, from the program's
            name on; a word may hold templates of Airflow.
        env: the environment variables of the schedule and the task; a value may hold templates too.
        after: the ids of the tasks that must come first.
        run: what `meltano run` gets, as it was written; empty for an extractor and loader.
        task: the task of `tasks`, or of a job.
        runner: where it runs.
        docker: the settings of that runner for this step.
        kubernetes: likewise.
    """

    task_id: str
    calls: tuple[tuple[str, ...], ...]
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    run: str = ""
    task: Task | None = None
    runner: str = "bash"
    docker: Docker | None = None
    kubernetes: Kubernetes | None = None


def steps_of(schedule: Schedule, jobs: Mapping[str, Job]) -> list[Step]:
    """The steps of a schedule that has no errors, each behind those that it waits for, else in the order of the file.

    Args:
        schedule: a checked schedule.
        jobs: the jobs of the Meltano project, by name.
    """
    return _in_running_order(_steps(schedule, jobs))


def _steps(schedule: Schedule, jobs: Mapping[str, Job]) -> list[Step]:
    if schedule.extractor:
        call = tuple(_extract_load_words(schedule))
        return [Step("extract_load", (call,), schedule.env, **_where(schedule, Task()))]
    tasks = schedule.tasks or tuple(Task(run=run) for run in jobs[schedule.job or ""].tasks)
    ids = [schedule.task_id(task, number) for number, task in enumerate(tasks)]
    is_graph = any(task.after is not None for task in tasks)
    return [
        Step(
            task_id,
            (tuple(_run_words(schedule, task.run)),),
            {name: value for name, value in {**schedule.env, **task.env}.items() if value is not None},
            (task.after or ()) if is_graph else tuple(ids[number - 1 : number]) if number else (),
            task.run,
            task,
            **_where(schedule, task),
        )
        for number, (task_id, task) in enumerate(zip(ids, tasks, strict=True))
    ]


def _where(schedule: Schedule, task: Task) -> _Where:
    """Where a task runs: it has the last word."""
    return {
        "runner": task.runner or schedule.runner,
        "docker": task.docker or schedule.docker,
        "kubernetes": task.kubernetes or schedule.kubernetes,
    }


def _in_running_order(steps: list[Step]) -> list[Step]:
    """Every step after those that it waits for, else in the order of the file."""
    ordered: list[Step] = []
    done: set[str] = set()
    waiting = list(steps)
    while waiting:
        ready = next(step for step in waiting if done.issuperset(step.after))
        waiting.remove(ready)
        ordered.append(ready)
        done.add(ready.task_id)
    return ordered


def _extract_load_words(schedule: Schedule) -> list[str]:
    """The command of an extractor and loader; `elt` is the one that still transforms (meltano/cli/elt.py)."""
    words = ["meltano", *_environment(schedule), "elt" if schedule.transform else "el"]
    words += [schedule.extractor or "", schedule.loader or ""]
    if schedule.transform:
        words.append(f"--transform={schedule.transform}")
    words.append(f"--state-id={schedule.state_id or schedule.name}")
    return [*words, *_full_refresh(schedule)]


def _run_words(schedule: Schedule, run: str) -> list[str]:
    """The command of one task of a job, or of `tasks`."""
    suffix = [f"--state-id-suffix={schedule.state_id_suffix}"] if schedule.state_id_suffix else []
    return ["meltano", *_environment(schedule), "run", *_full_refresh(schedule), *suffix, *words_of(run)]


def _environment(schedule: Schedule) -> list[str]:
    return [f"--environment={schedule.environment}"] if schedule.environment else []


def _full_refresh(schedule: Schedule) -> list[str]:
    return ["--full-refresh"] if schedule.full_refresh else []
