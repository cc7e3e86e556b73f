"""The constants of a DAG: runner settings and environment variables that several tasks share.

A constant has the values of the schedule, so an override in one task changes no other task. In the file of a folder,
the `_defaults.yml` files give constants to all DAGs, so that no schedule changes the DAG of another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codegen.plan.meltano_options import env_of
from codegen.plan.names import free_constant
from codegen.plan.steps import Step
from codegen.plan.tasks import PythonNames, plan_task
from codegen.plan.tree import Constant, PlannedDag
from codegen.runners import RUNNERS, Runner
from codegen.schema import Schedule, Task
from codegen.text.jinja import is_template
from codegen.values import Call, Identifier, Value, is_same, parts_of

# A command for a task without settings of its own.
_PROGRAM = (("meltano",),)
# Of the values in a constant, and of the tasks that use it: a smaller constant is harder to read than its values.
_FEWEST = 2


@dataclass(frozen=True)
class SettingsGroup:
    """The tasks of a DAG on one runner, with the values from their schedule; `given` has the values of each task.

    `own_name` is the name of their constant in a file that schedules share.
    """

    name: str
    own_name: str
    argument: str
    values: Mapping[str, Value]
    given: Mapping[str, Mapping[str, Value]]

    def own(self) -> tuple[Constant, list[str]] | None:
        """The constant, and the tasks that use it; None if it would be too small.

        A value is shared if most tasks have it. A task that lacks a value of the constant does not use the constant.
        """
        shared = {name: value for name, value in self.values.items() if self._is_shared(name, value)}
        users = [task for task, each in self.given.items() if shared.keys() <= each.keys()]
        if min(len(users), len(shared)) < _FEWEST:
            return None
        return Constant(self.name, self.argument, shared), users

    def _is_shared(self, name: str, value: Value) -> bool:
        having = sum(name in each and is_same(each[name], value) for each in self.given.values())
        return 2 * having > len(self.given) and not _is_rendered_in_place(value)

    def users_of(self, default: Constant) -> list[str]:
        """The tasks that use a constant of the defaults: those with all of its names, and most of its values."""
        return [
            task
            for task, each in self.given.items()
            if default.values.keys() <= each.keys()
            and 2 * sum(is_same(each[name], value) for name, value in default.values.items()) > len(default.values)
        ]


def default_constants(defaults: Schedule, names: PythonNames, airflow: str) -> dict[str, Constant]:
    """The constants that the defaults of a folder give its DAGs, by name."""
    found = {}
    for runner in RUNNERS.values():
        for name, argument, values in _parts_of(_values_of(defaults, runner, names, airflow), runner):
            # An object that every schedule overrides is not imported, and has no name.
            kept = {
                key: value
                for key, value in values.items()
                if not _is_rendered_in_place(value) and Identifier("") not in [*parts_of(value)]
            }
            if len(kept) >= _FEWEST:
                found[name] = Constant(name, argument, kept)
    return found


def with_constants(
    dag: PlannedDag, groups: Iterable[SettingsGroup], taken: Collection[str], defaults: Mapping[str, Constant] | None
) -> PlannedDag:
    """The DAG with constants in its tasks: its own, or the `defaults` of its folder if the file is that of a folder."""
    if len(dag.tasks) < _FEWEST and not defaults:
        return dag
    used: dict[str, tuple[Constant, ...]] = {}
    own = list[Constant]()
    for group in groups:
        default, found = (defaults or {}).get(group.name), group.own()
        if found and not (default and is_same(found[0].values, default.values)):
            wanted = group.name if defaults is None else group.own_name
            name = free_constant((wanted,), f"{group.name}_", {*taken, *(each.name for each in own)})
            constant, users = replace(found[0], name=name), found[1]
            own.append(constant)
        elif default:
            constant, users = default, group.users_of(default)
        else:
            continue
        used |= {task: (*used.get(task, ()), constant) for task in users}
    if not used:
        return dag
    return replace(_using(dag, used), constants=tuple(sorted(own, key=lambda each: each.name)))


def settings_groups(
    dag: PlannedDag, schedule: Schedule, steps: Sequence[Step], names: PythonNames, airflow: str
) -> Iterator[SettingsGroup]:
    """The groups of a DAG: for each runner, its settings and its environment variables."""
    runners = {step.task_id: step.runner for step in steps if step.calls or step.script}
    for runner in (RUNNERS[name] for name in dict.fromkeys(runners.values())):
        given = {
            task.task_id: {argument.name: argument.value for argument in task.arguments}
            for task in dag.tasks
            if runners.get(task.task_id) == runner.name
        }
        envs = {task: own for task, each in given.items() if isinstance(own := each.get(runner.env), Mapping)}
        for name, argument, values in _parts_of(_values_of(schedule, runner, names, airflow), runner):
            yield SettingsGroup(name, f"{name}_{schedule.name}", argument, values, envs if argument else given)


def _parts_of(values: dict[str, Value], runner: Runner) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    """The environment variables and the other settings of a runner, each with the name of its constant."""
    env = values.pop(runner.env, None)
    if isinstance(env, Mapping):
        yield runner.env_constant, runner.env, env
    yield runner.name.upper(), "", values


def _values_of(schedule: Schedule, runner: Runner, names: PythonNames, airflow: str) -> dict[str, Value]:
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


def _using(dag: PlannedDag, used: Mapping[str, tuple[Constant, ...]]) -> PlannedDag:
    groups = []
    for group in dag.groups:
        tasks = (replace(task, constants=used.get(task.task_id, ())) for task in group.tasks)
        groups.append(replace(group, tasks=tuple(tasks)))
    return replace(dag, groups=tuple(groups))
