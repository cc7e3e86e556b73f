"""The steps of a schedule: the work of each task, and its upstream tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from codegen.airflow_facts.trigger_rules import ALL_SUCCESS
from codegen.diagnostics import InvalidError
from codegen.meltano import MeltanoProject
from codegen.plan.calls import calls_and_locks
from codegen.plan.meltano_options import env_of, flags_of
from codegen.runners import Work
from codegen.schema import Schedule, Task


@dataclass(frozen=True, kw_only=True)
class Step(Work):
    """The work of a task, and its upstream tasks.

    Attributes:
        after: the IDs of the upstream tasks.
        run: the arguments of `meltano run`, as written; empty for other kinds.
        waits_for: `after` as written: the IDs of tasks and groups.
        runner: the name of the runner; `bash` for Python callables too.
        flags: the command options that keys set, such as `--force`.
    """

    task_id: str
    after: tuple[str, ...] = ()
    run: str = ""
    task: Task = field(default_factory=Task)
    waits_for: tuple[str, ...] = ()
    runner: str = "bash"
    trigger_rule: str = ALL_SUCCESS
    flags: tuple[str, ...] = ()


def steps_of(schedule: Schedule, meltano: MeltanoProject | None, *, with_el: bool = True) -> list[Step]:
    """Return the steps of a schedule without errors: upstream steps first, otherwise in the order of the file.

    With `with_el`, an equivalent `meltano el` can replace a `meltano run`.
    """
    waiting, ordered = unordered_steps(schedule, meltano, with_el=with_el), list[Step]()
    done: set[str] = set()
    while waiting:
        ready = next(step for step in waiting if done.issuperset(step.after))
        waiting.remove(ready)
        ordered.append(ready)
        done.add(ready.task_id)
    return ordered


def readable_steps(schedule: Schedule, meltano: MeltanoProject | None) -> list[Step]:
    """Return the steps in the order of the file, or none if the job is invalid, which `check_meltano` reports."""
    try:
        return unordered_steps(schedule, meltano)
    except InvalidError:
        return []


def unordered_steps(schedule: Schedule, meltano: MeltanoProject | None, *, with_el: bool = True) -> list[Step]:
    """Return the steps in the order of the file; none for a missing job. The schedule can have errors."""
    by_id = _tasks_of(schedule, meltano)
    awaited = waits_for(by_id)
    last_of_group = _last_of_groups(by_id, awaited)
    steps = []
    for task_id, task in by_id.items():
        after = (each for name in awaited[task_id] for each in last_of_group.get(name, (name,)))
        calls, locks = calls_and_locks(schedule, task, meltano, with_el=with_el)
        step = Step(
            task_id=task_id,
            calls=calls,
            env=env_of(schedule, task),
            script=task.command or "",
            locks=locks,
            settings=schedule.settings_of(task),
            after=tuple(dict.fromkeys(after)),
            run=task.run,
            task=task,
            waits_for=awaited[task_id],
            runner=schedule.runner_of(task) or "bash",
            trigger_rule=schedule.of(task, "trigger_rule") or ALL_SUCCESS,
            flags=tuple(flags_of(schedule, task)),
        )
        steps.append(step)
    return steps


def _tasks_of(schedule: Schedule, meltano: MeltanoProject | None) -> dict[str, Task]:
    """Return the tasks of a schedule or of its job, by ID."""
    if schedule.own_tasks:
        return {task.task_id: task for task in schedule.own_tasks}
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    of_job = [Task(run=run, at={"run": job.location}) for run in job.tasks] if job else []
    return dict(zip(schedule.ids_of_job(len(of_job)), of_job, strict=True))


def needs_no_join(steps: Sequence[Step]) -> bool:
    """Return whether a single last step, with Airflow's default trigger rule, decides the outcome of the run."""
    last = last_of(steps)
    return len(last) == 1 and last[0].trigger_rule == ALL_SUCCESS


def last_of(steps: Sequence[Step]) -> list[Step]:
    """Return the steps without downstream steps."""
    awaited = {task_id for step in steps for task_id in step.after}
    return [step for step in steps if step.task_id not in awaited]


def is_chain(tasks: Iterable[Task]) -> bool:
    """Return whether each task waits for the previous one: no task has an `after`."""
    return all(task.after is None for task in tasks)


def waits_for(by_id: Mapping[str, Task]) -> dict[str, tuple[str, ...]]:
    """Return the upstream IDs of each task: its `after` and the tasks in its `$x`, or the previous task in a chain."""
    if is_chain(by_id.values()):
        return dict(zip(by_id, [(), *((task_id,) for task_id in by_id)], strict=False))
    return {task_id: (*dict.fromkeys((*(task.after or ()), *task.outputs)),) for task_id, task in by_id.items()}


def groups_of(by_id: Mapping[str, Task]) -> dict[str, list[str]]:
    """Return the IDs of the tasks in each group."""
    groups: dict[str, list[str]] = {}
    for task_id, task in by_id.items():
        if task.group:
            groups.setdefault(task.group, []).append(task_id)
    return groups


def _last_of_groups(by_id: Mapping[str, Task], waits_for: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the last tasks of each group: the tasks that no other task of the group waits for.

    See `get_leaves` in airflow/utils/task_group.py on Airflow 2 and airflow/sdk/definitions/taskgroup.py on 3.
    """
    groups = groups_of(by_id)
    awaited = {name: {each for member in members for each in waits_for[member]} for name, members in groups.items()}
    return {name: tuple(each for each in members if each not in awaited[name]) for name, members in groups.items()}
