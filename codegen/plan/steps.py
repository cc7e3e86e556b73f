"""The steps of a schedule and the command that each executes, as Meltano has them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from codegen.airflow_facts.trigger_rules import ALL_SUCCESS
from codegen.meltano.blocks import (
    DELIMITER,
    in_order_of_locking,
    locks_of,
    locks_of_script,
    locks_of_transform,
    plain_pair,
    without_suffix,
)
from codegen.meltano.call import calls_in, leading_options
from codegen.meltano.changes import changes_project
from codegen.runners import Work
from codegen.schema import Schedule, Task
from codegen.text.jinja import is_template
from codegen.text.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from codegen.meltano import MeltanoProject


_PROJECT_FILE = "meltano.yml"
# Of the variables that are options of `meltano run`, those that are options of `el` too (meltano/cli/elt.py of 4.4).
_READ_BY_EL = {"MELTANO_RUN_FULL_REFRESH"}


class _What(TypedDict, total=False):
    calls: tuple[tuple[str, ...], ...]
    locks: tuple[str, ...]


class _Where(TypedDict):
    runner: str
    settings: Any
    trigger_rule: str


@dataclass(frozen=True, kw_only=True)
class Step(Work):
    """What one task does, and when.

    Attributes:
        task_id: the task's id.
        after: the ids of the tasks that must come first.
        run: what `meltano run` gets, as it was written; empty where it is not the one that runs.
        task: the task of `tasks`, or of a job.
        waits_for: what must come first as it was written: the ids of tasks and of groups.
        runner: where it runs; `bash` also for what Python calls in the worker.
        trigger_rule: when it runs, by what became of those.
    """

    task_id: str
    after: tuple[str, ...] = ()
    run: str = ""
    task: Task = field(default_factory=Task)
    waits_for: tuple[str, ...] = ()
    runner: str = "bash"
    trigger_rule: str = ALL_SUCCESS


def steps_of(schedule: Schedule, meltano: MeltanoProject | None, *, with_el: bool = True) -> list[Step]:
    """The steps of a schedule that has no errors, each behind those that it waits for, else in the order of the file.

    Args:
        schedule: a checked schedule.
        meltano: the Meltano project, if there is one.
        with_el: whether a `meltano run` may become the `meltano el` that does the same.
    """
    return _in_running_order(unordered_steps(schedule, meltano, with_el=with_el))


def unordered_steps(schedule: Schedule, meltano: MeltanoProject | None, *, with_el: bool = True) -> list[Step]:
    """The steps in the order of the file, also of a schedule with errors; of a job that is missing, none."""
    if schedule.extractor:
        calls = (*_before_run(schedule, Task()), tuple(_extract_load_words(schedule)))
        of_dbt = locks_of_transform(meltano) if schedule.transform else ()
        locks = in_order_of_locking({*of_dbt, *_locks(calls[:-1], (), meltano)})
        env = env_of(schedule, Task())
        return [Step(task_id="extract_load", calls=calls, env=env, locks=locks, **_where(schedule, Task()))]
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    of_job = [Task(run=run, at={"run": job.location}) for run in job.tasks] if job else []
    tasks = schedule.tasks or tuple(of_job)
    by_id = {schedule.task_id(task, number): task for number, task in enumerate(tasks)}
    waits_for = _waits_for(by_id)
    last_of = _last_of_groups(by_id, waits_for)
    return [
        Step(
            task_id=task_id,
            env=env_of(schedule, task),
            after=tuple(dict.fromkeys(each for name in waits_for[task_id] for each in last_of.get(name, (name,)))),
            run=task.run,
            task=task,
            script=task.command or "",
            waits_for=waits_for[task_id],
            **_what(schedule, task, meltano, with_el=with_el),
            **_where(schedule, task),
        )
        for task_id, task in by_id.items()
    ]


def needs_no_join(steps: Sequence[Step]) -> bool:
    """Whether there is one last step whose success is that of the run.

    That is so with Airflow's own trigger rule, all_success. By another rule it can be its part to be skipped.
    """
    awaited = {task_id for step in steps for task_id in step.after}
    last = [step for step in steps if step.task_id not in awaited]
    return len(last) == 1 and last[0].trigger_rule == ALL_SUCCESS


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


def _what(schedule: Schedule, task: Task, meltano: MeltanoProject | None, *, with_el: bool) -> _What:
    """What a task calls, and what it shares with others in the Meltano project."""
    if not task.run:
        calls = calls_in(task.command or "", env_of(schedule, task))
        of_calls = (_locks_of_call(call.words, meltano) for call in calls)
        return {"locks": in_order_of_locking(locks_of_script(task.command or "", meltano).union(*of_calls))}
    before, (run, _) = tuple(_before_run(schedule, task)), without_suffix(words_of(task.run))
    el = tuple(_same_as_el(schedule, task, run, meltano)) if with_el else ()
    if el:
        return {"calls": (*before, el), "locks": _locks(before, (), meltano)}
    words = ("meltano", *_environment(schedule), "run", *_run_options(schedule, task, meltano), *run)
    return {"calls": (*before, words), "locks": _locks(before, run, meltano)}


def _locks(before: Iterable[Sequence[str]], run: Iterable[str], meltano: MeltanoProject | None) -> tuple[str, ...]:
    """What the commands before a `meltano run`, and the run itself, share with other tasks of the project.

    What a command writes into the project must still be there when the run reads it.
    """
    return in_order_of_locking(locks_of(run, meltano).union(*(_locks_of_call(words[1:], meltano) for words in before)))


def _locks_of_call(words: Sequence[str], meltano: MeltanoProject | None) -> set[str]:
    """What a call of Meltano shares: what it runs, the plugins that it names, or the project that it changes."""
    _, rest = leading_options(words)
    if rest[:1] == ["run"]:
        return locks_of(rest[1:], meltano)
    if rest[:1] in (["el"], ["elt"]):
        return set()
    return {_PROJECT_FILE} if changes_project(words) else locks_of_script(shlex.join(["meltano", *rest]), meltano)


def _same_as_el(schedule: Schedule, task: Task, run: list[str], meltano: MeltanoProject | None) -> Iterator[str]:
    """The `meltano el` that loads the same rows under the same state id, where that is known for sure.

    It has a directory of its own for each run, so it needs no lock.
    """
    pair, environment = plain_pair(run, meltano), schedule.environment or ""
    if not (pair and meltano and environment in meltano.environments):
        return
    suffix = state_id_suffix(schedule, task, meltano)
    of_run = (name for name in {**schedule.env, **task.env} if name.startswith("MELTANO_RUN_"))
    # Meltano expands variables in the suffix that its environment has.
    if is_template(suffix) or {"$", DELIMITER} & {*suffix} or any(name not in _READ_BY_EL for name in of_run):
        return
    state_id = f"--state-id={pair.state_id(environment, suffix)}"
    yield from ("meltano", *_environment(schedule), "el", pair.extractor, pair.loader, state_id)
    yield from _full_refresh(schedule)


def _before_run(schedule: Schedule, task: Task) -> Iterator[tuple[str, ...]]:
    """The commands of Meltano that come first."""
    for command in schedule.of(task, "before_run"):
        yield ("meltano", *_environment(schedule), *words_of(command))


def _where(schedule: Schedule, task: Task) -> _Where:
    """Where a task runs: it has the last word."""
    return {
        "runner": schedule.runner_of(task) or "bash",
        "settings": schedule.settings_of(task),
        "trigger_rule": schedule.of(task, "trigger_rule") or ALL_SUCCESS,
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
    words.append(f"--state-id={schedule.full_state_id}")
    return [*words, *_full_refresh(schedule)]


def _run_options(schedule: Schedule, task: Task, meltano: MeltanoProject | None) -> list[str]:
    _, own = without_suffix(words_of(task.run))
    # Without one of these, Meltano finds the suffix by itself, also one that only the worker knows.
    is_given = own or schedule.state_id_suffix or schedule.state_suffix
    suffix = [f"--state-id-suffix={state_id_suffix(schedule, task, meltano)}"] if is_given else []
    return [*_full_refresh(schedule), *suffix]


def meltano_environment(schedule: Schedule, task: Task, meltano: MeltanoProject | None) -> str:
    """The environment of Meltano in which a `meltano run` of the schedule runs, as far as the project says it."""
    default = meltano.default_environment if meltano else ""
    env = env_of(schedule, task)
    return schedule.environment or env.get("MELTANO_ENVIRONMENT") or env.get("MELTANO_DEFAULT_ENVIRONMENT") or default


def state_id_suffix(schedule: Schedule, task: Task, meltano: MeltanoProject | None) -> str:
    """The suffix of the state ids that a `meltano run` of the schedule makes, as far as the project says it.

    Meltano takes its option, else a variable, else the suffix of its environment. What the deployment environment
    adds follows that.
    """
    _, own = without_suffix(words_of(task.run))
    own = own or schedule.state_id_suffix or env_of(schedule, task).get("MELTANO_RUN_STATE_ID_SUFFIX") or ""
    if not own and meltano:
        own = meltano.environments.get(meltano_environment(schedule, task, meltano), "")
    return "-".join(part for part in (own, schedule.state_suffix) if part)


def env_of(schedule: Schedule, task: Task) -> dict[str, str]:
    """The variables of a task: its own over those of the schedule; a null takes one away."""
    return {name: value for name, value in {**schedule.env, **task.env}.items() if value is not None}


def _environment(schedule: Schedule) -> list[str]:
    return [f"--environment={schedule.environment}"] if schedule.environment else []


def _full_refresh(schedule: Schedule) -> list[str]:
    return ["--full-refresh"] if schedule.full_refresh else []
