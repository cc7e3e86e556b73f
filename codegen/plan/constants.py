"""The constants of a file: runner settings and environment variables that several tasks share.

A constant has the values of the schedule, so an override in one task changes no other task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codegen.plan.meltano_options import env_of
from codegen.plan.names import free_constant
from codegen.plan.steps import Step
from codegen.plan.tasks import FileNames, plan_task
from codegen.plan.tree import Constant, PlannedDag
from codegen.runners import RUNNERS, Runner
from codegen.schema import Schedule, Task
from codegen.text.jinja import is_template
from codegen.values import Call, Value, is_same, parts_of

# A command for a task without settings of its own.
_PROGRAM = (("meltano",),)
# Of the values in a constant, and of the tasks that use it: a smaller constant is harder to read than its values.
_FEWEST = 2
# The ids of the DAG and of the task.
_TaskKey = tuple[str, str]


@dataclass(frozen=True)
class _Group:
    """Tasks with the same values from their schedules; `given` has the values of each task."""

    name: str
    argument: str
    schedule: str
    values: Mapping[str, Value]
    given: Mapping[_TaskKey, Mapping[str, Value]]

    def constant(self) -> tuple[Constant, list[_TaskKey]]:
        """The constant, and the tasks that use it.

        A value is shared if most tasks have it. A task that lacks a value of the constant does not use the constant.
        """
        shared = {name: value for name, value in self.values.items() if self._is_shared(name, value)}
        users = [task for task, each in self.given.items() if shared.keys() <= each.keys()]
        return Constant(self.name, self.argument, shared), users

    def _is_shared(self, name: str, value: Value) -> bool:
        having = sum(name in each and is_same(each[name], value) for each in self.given.values())
        return 2 * having > len(self.given) and not _is_rendered_in_place(value)


def with_constants(
    dags: Sequence[PlannedDag],
    work: Sequence[tuple[Schedule, Sequence[Step]]],
    names: FileNames,
    airflow: str,
    taken: Collection[str],
) -> tuple[tuple[PlannedDag, ...], tuple[Constant, ...]]:
    """The DAGs with constants in their tasks, and the constants; `work` has the schedule and steps of each DAG."""
    if sum(len(dag.tasks) for dag in dags) < _FEWEST:
        return tuple(dags), ()
    groups: dict[tuple[str, str], _Group] = {}
    for dag, (schedule, steps) in zip(dags, work, strict=True):
        for group in _groups_of(dag, schedule, steps, names, airflow):
            key = group.name, repr(sorted(group.values.items(), key=lambda item: item[0]))
            former = groups.get(key, group)
            groups[key] = replace(former, given={**former.given, **group.given})
    used: dict[_TaskKey, tuple[Constant, ...]] = {}
    constants = dict[str, Constant]()
    # The group with the most tasks gets the plain name.
    for group in sorted(groups.values(), key=lambda group: -len(group.given)):
        constant, users = group.constant()
        if min(len(users), len(constant.values)) >= _FEWEST:
            wanted = (group.name, f"{group.name}_{group.schedule}")
            name = free_constant(wanted, f"{group.name}_", {*taken, *constants})
            constants[name] = replace(constant, name=name)
            used |= {task: (*used.get(task, ()), constants[name]) for task in users}
    return tuple(_using(dag, used) for dag in dags), tuple(constants[name] for name in sorted(constants))


def _groups_of(
    dag: PlannedDag, schedule: Schedule, steps: Sequence[Step], names: FileNames, airflow: str
) -> Iterator[_Group]:
    """The groups of a DAG: for each runner, its settings and its environment variables."""
    runners = {step.task_id: step.runner for step in steps if step.calls or step.script}
    for runner in (RUNNERS[name] for name in dict.fromkeys(runners.values())):
        values = _values_of(schedule, runner, names, airflow)
        given = {
            (dag.dag_id, task.task_id): {argument.name: argument.value for argument in task.arguments}
            for task in dag.tasks
            if runners.get(task.task_id) == runner.name
        }
        env = values.pop(runner.env, None)
        envs = {task: own for task, each in given.items() if isinstance(own := each.get(runner.env), Mapping)}
        if isinstance(env, Mapping):
            yield _Group(runner.env_constant, runner.env, schedule.name, env, envs)
        yield _Group(runner.name.upper(), "", schedule.name, values, given)


def _values_of(schedule: Schedule, runner: Runner, names: FileNames, airflow: str) -> dict[str, Value]:
    """The arguments that a schedule gives the operator of each task on a runner."""
    env, settings = env_of(schedule, Task()), schedule.settings.get(runner.name)
    step = Step(task_id="", calls=_PROGRAM, env=env, settings=settings, runner=runner.name)
    # The file does not import an object that every task overrides.
    objects = defaultdict(str, names.objects)
    task = plan_task(step, {}, schedule, replace(names, objects=objects), airflow)
    return {each.name: each.value for each in task.arguments if each.name not in {"task_id", *runner.unshared}}


def _is_rendered_in_place(value: Value) -> bool:
    """Whether Airflow renders templates in place, which would change the object for other tasks."""
    if isinstance(value, Call):
        inside: Iterable[Value] = (*value.positional, *(argument.value for argument in value.keywords))
        return any(map(_is_rendered_in_place, inside)) or any(
            isinstance(part, str) and is_template(part) for part in parts_of([*inside])
        )
    if isinstance(value, Mapping):
        return any(map(_is_rendered_in_place, value.values()))
    return isinstance(value, Sequence) and not isinstance(value, str) and any(map(_is_rendered_in_place, value))


def _using(dag: PlannedDag, used: Mapping[_TaskKey, tuple[Constant, ...]]) -> PlannedDag:
    groups = []
    for group in dag.groups:
        tasks = (replace(task, constants=used.get((dag.dag_id, task.task_id), ())) for task in group.tasks)
        groups.append(replace(group, tasks=tuple(tasks)))
    return replace(dag, groups=tuple(groups))
