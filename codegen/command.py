"""The steps of a schedule and the command that each executes, as Meltano has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from codegen.schema import Schedule, Task
from codegen.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        run: what `meltano run` gets, as it was written; empty where it is not the one that runs.
        task: the task of `tasks`, or of a job.
        script: what a shell executes in place of calls; no template.
        waits_for: what must come first as it was written: the ids of tasks and of groups.
        runner: where it runs; `bash` also for what Python calls in the worker.
        docker: the settings of that runner for this step.
        kubernetes: likewise.
    """

    task_id: str
    calls: tuple[tuple[str, ...], ...]
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    run: str = ""
    task: Task = field(default_factory=Task)
    script: str = ""
    waits_for: tuple[str, ...] = ()
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
        calls = (*_before_run(schedule, Task()), tuple(_extract_load_words(schedule)))
        return [Step("extract_load", calls, env=schedule.env, **_where(schedule, Task()))]
    tasks = schedule.tasks or tuple(Task(run=run) for run in jobs[schedule.job or ""].tasks)
    by_id = {schedule.task_id(task, number): task for number, task in enumerate(tasks)}
    waits_for = _waits_for(by_id)
    last_of = _last_of_groups(by_id, waits_for)
    return [
        Step(
            task_id,
            _calls(schedule, task),
            {name: value for name, value in {**schedule.env, **task.env}.items() if value is not None},
            tuple(dict.fromkeys(each for name in waits_for[task_id] for each in last_of.get(name, (name,)))),
            task.run,
            task,
            task.command or "",
            waits_for[task_id],
            **_where(schedule, task),
        )
        for task_id, task in by_id.items()
    ]


def _waits_for(by_id: Mapping[str, Task]) -> dict[str, tuple[str, ...]]:
    """The ids that each task waits for: as written, or the task before it where none has any `after`."""
    if any(task.after is not None for task in by_id.values()):
        return {task_id: task.after or () for task_id, task in by_id.items()}
    return dict(zip(by_id, [(), *((task_id,) for task_id in by_id)], strict=False))


def _last_of_groups(by_id: Mapping[str, Task], waits_for: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The tasks of each group that no other task in it waits for: whoever waits for the group waits for them.

    That is what Airflow does (`get_leaves` in airflow/utils/task_group.py on 2, airflow/sdk/definitions/taskgroup.py on
    3).
    """
    groups: dict[str, list[str]] = {}
    for task_id, task in by_id.items():
        if task.group:
            groups.setdefault(task.group, []).append(task_id)
    awaited = {name: {each for member in members for each in waits_for[member]} for name, members in groups.items()}
    return {name: tuple(each for each in members if each not in awaited[name]) for name, members in groups.items()}


def _calls(schedule: Schedule, task: Task) -> tuple[tuple[str, ...], ...]:
    if not task.run:
        return ()
    return (*_before_run(schedule, task), tuple(_run_words(schedule, task.run)))


def _before_run(schedule: Schedule, task: Task) -> Iterator[tuple[str, ...]]:
    """The commands of Meltano that come first."""
    for command in schedule.before_run if task.before_run is None else task.before_run:
        yield ("meltano", *_environment(schedule), *words_of(command))


def _where(schedule: Schedule, task: Task) -> _Where:
    """Where a task runs: it has the last word."""
    return {
        "runner": schedule.runner_of(task) or "bash",
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
