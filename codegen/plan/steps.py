"""The steps of a schedule, and the commands that each executes, as Meltano has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codegen.airflow_facts.trigger_rules import ALL_SUCCESS
from codegen.diagnostics import InvalidError
from codegen.keys.table import keys_of
from codegen.meltano import MeltanoProject
from codegen.meltano.blocks import (
    DELIMITER,
    in_order_of_locking,
    locks_of,
    locks_of_names,
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

# Those that name the Meltano environment, in the order in which Meltano asks them (meltano/cli/cli.py).
ENVIRONMENT_VARIABLES = ("MELTANO_ENVIRONMENT", "MELTANO_DEFAULT_ENVIRONMENT")
_PROJECT_FILE = "meltano.yml"
# Of the variables that are options of `meltano run`, those that are options of `el` too (meltano/cli/elt.py of 4.4).
_READ_BY_EL = {"MELTANO_RUN_FULL_REFRESH"}


@dataclass(frozen=True, kw_only=True)
class Step(Work):
    """The work of a single task, and its place in the order.

    Attributes:
        after: the ids of the upstream tasks.
        run: the arguments of `meltano run`, as written; empty for other work.
        waits_for: `after` as written: the ids of tasks and of groups.
        runner: `bash` also for Python, which the worker calls.
    """

    task_id: str
    after: tuple[str, ...] = ()
    run: str = ""
    task: Task = field(default_factory=Task)
    waits_for: tuple[str, ...] = ()
    runner: str = "bash"
    trigger_rule: str = ALL_SUCCESS


def steps_of(schedule: Schedule, meltano: MeltanoProject | None, *, with_el: bool = True) -> list[Step]:
    """The steps of a schedule without errors, each after its upstream steps, else in the order of the file.

    By `with_el`, a `meltano run` may become the `meltano el` that does the same.
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
    """The steps in the order of the file; none where a task of the job is invalid, which `check_meltano` reports."""
    try:
        return unordered_steps(schedule, meltano)
    except InvalidError:
        return []


def unordered_steps(schedule: Schedule, meltano: MeltanoProject | None, *, with_el: bool = True) -> list[Step]:
    """The steps in the order of the file, also of a schedule with errors; none for a missing job."""
    by_id = _tasks_of(schedule, meltano)
    waits_for = _waits_for(by_id)
    last_of_group = _last_of_groups(by_id, waits_for)
    steps = []
    for task_id, task in by_id.items():
        after = (each for name in waits_for[task_id] for each in last_of_group.get(name, (name,)))
        calls, locks = _calls_and_locks(schedule, task, meltano, with_el=with_el)
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
            waits_for=waits_for[task_id],
            runner=schedule.runner_of(task) or "bash",
            trigger_rule=schedule.of(task, "trigger_rule") or ALL_SUCCESS,
        )
        steps.append(step)
    return steps


def _tasks_of(schedule: Schedule, meltano: MeltanoProject | None) -> dict[str, Task]:
    """The tasks by their ids; an extractor and loader have one that only stands for its schedule."""
    if schedule.extractor:
        return {"extract_load": Task()}
    if schedule.tasks:
        return {task.task_id: task for task in schedule.tasks}
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    of_job = [Task(run=run, at={"run": job.location}) for run in job.tasks] if job else []
    return dict(zip(schedule.ids_of_job(len(of_job)), of_job, strict=True))


def needs_no_join(steps: Sequence[Step]) -> bool:
    """Whether the success of a single last step is that of the run: with Airflow's default trigger rule it is."""
    last = last_of(steps)
    return len(last) == 1 and last[0].trigger_rule == ALL_SUCCESS


def last_of(steps: Sequence[Step]) -> list[Step]:
    """The steps that no other step waits for."""
    awaited = {task_id for step in steps for task_id in step.after}
    return [step for step in steps if step.task_id not in awaited]


def _waits_for(by_id: Mapping[str, Task]) -> dict[str, tuple[str, ...]]:
    """The ids that each task waits for: as written, and those whose results it takes; else the previous task."""
    if any(task.after is not None for task in by_id.values()):
        return {task_id: (*dict.fromkeys((*(task.after or ()), *task.outputs)),) for task_id, task in by_id.items()}
    return dict(zip(by_id, [(), *((task_id,) for task_id in by_id)], strict=False))


def _last_of_groups(by_id: Mapping[str, Task], waits_for: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The tasks that a task waits for by each group: those that no other task of the group waits for.

    See `get_leaves` in airflow/utils/task_group.py on Airflow 2, airflow/sdk/definitions/taskgroup.py on 3.
    """
    groups: dict[str, list[str]] = {}
    for task_id, task in by_id.items():
        if task.group:
            groups.setdefault(task.group, []).append(task_id)
    awaited = {name: {each for member in members for each in waits_for[member]} for name, members in groups.items()}
    return {name: tuple(each for each in members if each not in awaited[name]) for name, members in groups.items()}


def _calls_and_locks(
    schedule: Schedule, task: Task, meltano: MeltanoProject | None, *, with_el: bool
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    if not (schedule.extractor or task.run):
        script = task.command or ""
        calls = (call.words for call in calls_in(script, env_of(schedule, task)))
        return (), in_order_of_locking(locks_of_script(script, meltano).union(*_locks_of_calls(calls, meltano)))
    before = tuple(_meltano(schedule, *words_of(command)) for command in schedule.of(task, "before_run"))
    if schedule.extractor:
        call, locks = _extract_load(schedule), locks_of_transform(meltano) if schedule.transform else set[str]()
    else:
        run, own_suffix = without_suffix(words_of(task.run))
        call, locks = _same_as_el(schedule, task, run, meltano) if with_el else (), set()
        if not call:
            # Without one of these, Meltano finds the suffix itself, also one that only the worker knows.
            is_given = own_suffix or schedule.state_id_suffix or schedule.state_suffix
            suffix = [f"--state-id-suffix={state_id_suffix(schedule, task, meltano)}"] if is_given else []
            call, locks = _meltano(schedule, "run", *_full_refresh(schedule), *suffix, *run), locks_of(run, meltano)
    of_before = _locks_of_calls((words[1:] for words in before), meltano)
    return (*before, call), in_order_of_locking(locks.union(*of_before))


def _extract_load(schedule: Schedule) -> tuple[str, ...]:
    """The command of an extractor and loader; `elt` is the one that still transforms (meltano/cli/elt.py)."""
    words = ["elt" if schedule.transform else "el", schedule.extractor or "", schedule.loader or ""]
    words += [f"--transform={schedule.transform}"] if schedule.transform else []
    return _meltano(schedule, *words, f"--state-id={schedule.full_state_id}", *_full_refresh(schedule))


def _locks_of_calls(calls: Iterable[Sequence[str]], meltano: MeltanoProject | None) -> Iterator[set[str]]:
    """The plugins that calls of Meltano share with other tasks, or the project that they change."""
    for words in calls:
        _, rest = leading_options(words)
        if rest[:1] == ["run"]:
            yield locks_of(rest[1:], meltano)
        elif rest[:1] not in (["el"], ["elt"]):
            yield {_PROJECT_FILE} if changes_project(words) else locks_of_names(rest, meltano)


def _same_as_el(schedule: Schedule, task: Task, run: list[str], meltano: MeltanoProject | None) -> tuple[str, ...]:
    """The `meltano el` that certainly loads the same rows under the same state ID; empty if there is none.

    It has a directory of its own for each run, so it needs no lock.
    """
    pair, environment = plain_pair(run, meltano), schedule.environment or ""
    if not (pair and meltano and environment in meltano.environments):
        return ()
    suffix = state_id_suffix(schedule, task, meltano)
    of_run = (name for name in {**schedule.env, **task.env} if name.startswith("MELTANO_RUN_"))
    # Meltano expands variables in the suffix of its environment.
    if is_template(suffix) or {"$", DELIMITER} & {*suffix} or any(name not in _READ_BY_EL for name in of_run):
        return ()
    state_id = f"--state-id={pair.state_id(environment, suffix)}"
    return _meltano(schedule, "el", pair.extractor, pair.loader, state_id, *_full_refresh(schedule))


def _meltano(schedule: Schedule, *words: str) -> tuple[str, ...]:
    options = [f"--environment={schedule.environment}"] if schedule.environment else []
    return ("meltano", *options, *words)


def _full_refresh(schedule: Schedule) -> list[str]:
    return ["--full-refresh"] if schedule.full_refresh else []


def meltano_environment(given: str | None, env: Mapping[str, str], meltano: MeltanoProject | None) -> str:
    """The Meltano environment of a command, as far as the project says it: its option, else a variable."""
    default = meltano.default_environment if meltano else ""
    return next(filter(None, (given, *map(env.get, ENVIRONMENT_VARIABLES))), default)


def meltano_suffix(given: str | None, env: Mapping[str, str], environment: str, meltano: MeltanoProject | None) -> str:
    """The suffix of the state IDs of a `meltano run`: its option, else a variable, else that of its environment."""
    of_environment = meltano.environments.get(environment, "") if meltano else ""
    return given or env.get("MELTANO_RUN_STATE_ID_SUFFIX") or of_environment


def state_id_suffix(schedule: Schedule, task: Task, meltano: MeltanoProject | None) -> str:
    """The suffix of the state IDs of a task, and of its deployment environment, as far as the project says it."""
    env, (_, own) = env_of(schedule, task), without_suffix(words_of(task.run))
    environment = meltano_environment(schedule.environment, env, meltano)
    suffix = meltano_suffix(own or schedule.state_id_suffix, env, environment, meltano)
    return "-".join(part for part in (suffix, schedule.state_suffix) if part)


def env_of(schedule: Schedule, task: Task) -> dict[str, str]:
    """The environment variables of a task: its own override those of the schedule; a null removes one.

    A `command` also gets the keys for Meltano, which override `env`; a `meltano run` gets them as options.
    """
    given = {name: value for name, value in {**schedule.env, **task.env}.items() if value is not None}
    return {**given, **variables_of_keys(schedule)} if task.command else given


def variables_of_keys(schedule: Schedule) -> dict[str, str]:
    """The keys of a schedule that Meltano reads from environment variables."""
    suffix = [schedule.state_id_suffix, schedule.state_suffix] if schedule.state_id_suffix else []
    values = {
        "environment": schedule.environment,
        "full_refresh": "true" if schedule.full_refresh else None,
        "state_id_suffix": "-".join(part for part in suffix if part) or None,
    }
    return {keys_of(Schedule)[name].variable: value for name, value in values.items() if value is not None}
