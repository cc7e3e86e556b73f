"""The constants of a file: the settings of a runner and the environment variables that several tasks share.

A constant has the values of the schedule, so that a task with values of its own changes no other task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codegen.plan.meltano_options import env_of
from codegen.plan.names import free_constant
from codegen.plan.tree import Constant, PlannedDag, PlannedTask
from codegen.runners import RUNNERS, Work
from codegen.schema import Schedule, Task
from codegen.text.jinja import is_template
from codegen.values import Call, Value, is_same, mapped, parts_of, without_none

# The program of a task that only the settings of its schedule decide.
_PROGRAM = (("meltano",),)
_FEWEST_TASKS = 2


@dataclass(frozen=True)
class _Group:
    """The tasks whose schedules give them the same values; `given` are the values of each task."""

    name: str
    argument: str
    schedule: str
    values: Mapping[str, Value]
    given: Mapping[tuple[str, str], Mapping[str, Value]]

    def constant(self) -> tuple[Constant, list[tuple[str, str]]]:
        """The constant, and the tasks that use it.

        A value stays with the tasks if most of them override it, or half of them lack it. A task that lacks a value
        of the constant uses none of it.
        """
        shared = {name: value for name, value in self.values.items() if self._is_shared(name, value)}
        users = [task for task, each in self.given.items() if shared.keys() <= each.keys()] if shared else []
        return Constant(self.name, self.argument, shared), users

    def _is_shared(self, name: str, value: Value) -> bool:
        having = [each[name] for each in self.given.values() if name in each]
        equal = sum(is_same(each, value) for each in having)
        return 2 * equal >= len(self.given) < 2 * len(having) and not _is_rendered_in_place(value)


def with_constants(
    dags: Sequence[PlannedDag], schedules: Sequence[Schedule], runners: Mapping[tuple[str, str], str], taken: set[str]
) -> tuple[tuple[PlannedDag, ...], tuple[Constant, ...]]:
    """The DAGs with tasks that use constants, and those; `runners` has the runner of each task by both ids."""
    groups: dict[tuple[str, str], _Group] = {}
    for dag, schedule in zip(dags, schedules, strict=True):
        for task in dag.tasks:
            for group in _groups_of(task, dag.dag_id, schedule, runners.get((dag.dag_id, task.task_id), "")):
                key = group.name, repr(sorted(group.values.items(), key=lambda item: item[0]))
                former = groups.get(key, group)
                groups[key] = replace(former, given={**former.given, **group.given})
    used: dict[tuple[str, str], tuple[Constant, ...]] = {}
    constants = []
    # The one with the most tasks keeps the plain name.
    for group in sorted(groups.values(), key=lambda group: -len(group.given)):
        constant, users = group.constant()
        if len(users) >= _FEWEST_TASKS:
            name = free_constant((group.name, f"{group.name}_{group.schedule}"), f"{group.name}_", taken)
            taken.add(name)
            constants.append(replace(constant, name=name))
            used |= {task: (*used.get(task, ()), constants[-1]) for task in users}
    return tuple(_using(dag, used) for dag in dags), tuple(sorted(constants, key=lambda each: each.name))


def _groups_of(task: PlannedTask, dag_id: str, schedule: Schedule, name: str) -> Iterator[_Group]:
    """The values of the schedule that a task on a runner may share."""
    if name not in RUNNERS:
        return
    runner = RUNNERS[name]
    work = Work(calls=_PROGRAM, env=env_of(schedule, Task()), settings=schedule.settings.get(name))
    given = {argument.name: argument.value for argument in task.arguments}
    # In the types of the arguments of tasks.
    values = {name: mapped(value, lambda part: part) for name, value in without_none(runner.lower(work)).items()}
    env, own_env = values.pop(runner.env, None), given.get(runner.env)
    key = dag_id, task.task_id
    if isinstance(env, Mapping) and isinstance(own_env, Mapping):
        yield _Group(runner.env_constant, runner.env, schedule.name, env, {key: own_env})
    settings = {name: value for name, value in values.items() if name not in runner.unshared}
    if settings:
        yield _Group(runner.name.upper(), "", schedule.name, settings, {key: given})


def _is_rendered_in_place(value: Value) -> bool:
    """Whether Airflow writes the rendered templates into the object itself, which other tasks would then see."""
    if isinstance(value, Call):
        inside: Iterable[Value] = (*value.positional, *(argument.value for argument in value.keywords))
        return any(map(_is_rendered_in_place, inside)) or any(
            isinstance(part, str) and is_template(part) for part in parts_of([*inside])
        )
    if isinstance(value, Mapping):
        return any(map(_is_rendered_in_place, value.values()))
    return isinstance(value, Sequence) and not isinstance(value, str) and any(map(_is_rendered_in_place, value))


def _using(dag: PlannedDag, used: Mapping[tuple[str, str], tuple[Constant, ...]]) -> PlannedDag:
    groups = []
    for group in dag.groups:
        tasks = (replace(task, constants=used.get((dag.dag_id, task.task_id), ())) for task in group.tasks)
        groups.append(replace(group, tasks=tuple(tasks)))
    return replace(dag, groups=tuple(groups))
