"""Constants in a generated file: runner settings and environment variables that several tasks share.

The values of a constant come from the schedule, so overriding one in a task does not change other tasks. In the file
of a folder, shared constants come from the `_defaults.yml` files, so a schedule does not change another DAG.
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

# The command of a task without its own settings.
_PROGRAM = (("meltano",),)
# The minimum number of values in a constant, and of tasks that use it: below that, repeating the values is clearer.
_MIN_SHARED = 2


@dataclass(frozen=True)
class SettingsGroup:
    """The tasks of a DAG on one runner.

    Attributes:
        name: the name of their constant.
        own_name: its name in a file with several schedules.
        argument: the argument whose value is shared; empty for several arguments.
        values: the values from the schedule.
        given: the values of each task, by task ID.
    """

    name: str
    own_name: str
    argument: str
    values: Mapping[str, Value]
    given: Mapping[str, Mapping[str, Value]]

    def own(self) -> tuple[Constant, list[str]] | None:
        """Return the constant and the tasks that use it, or None if it would be too small.

        A value is shared if most tasks have it. A task that lacks one of the shared values does not use the constant.
        """
        shared = {name: value for name, value in self.values.items() if self._is_shared(name, value)}
        users = [task for task, each in self.given.items() if shared.keys() <= each.keys()]
        if min(len(users), len(shared)) < _MIN_SHARED:
            return None
        return Constant(self.name, self.argument, shared), users

    def _is_shared(self, name: str, value: Value) -> bool:
        having = sum(name in each and is_same(each[name], value) for each in self.given.values())
        return 2 * having > len(self.given) and not _is_rendered_in_place(value)

    def users_of(self, default: Constant) -> list[str]:
        """Return the tasks that use a constant of the defaults: they set all its names, most to the same value."""
        return [
            task
            for task, each in self.given.items()
            if default.values.keys() <= each.keys()
            and 2 * sum(is_same(each[name], value) for name, value in default.values.items()) > len(default.values)
        ]


def default_constants(defaults: Schedule, names: PythonNames, airflow: str) -> dict[str, Constant]:
    """Return the constants with the defaults of a folder, by name."""
    found = {}
    for runner in RUNNERS.values():
        for name, argument, values in _parts_of(_values_of(defaults, runner, names, airflow), runner):
            # If every schedule overrides an object, it is not imported and has no name.
            kept = {
                key: value
                for key, value in values.items()
                if not _is_rendered_in_place(value) and Identifier("") not in [*parts_of(value)]
            }
            if len(kept) >= _MIN_SHARED:
                found[name] = Constant(name, argument, kept)
    return found


def with_constants(
    dag: PlannedDag, groups: Iterable[SettingsGroup], taken: Collection[str], defaults: Mapping[str, Constant] | None
) -> PlannedDag:
    """Return the DAG with its own constants, or with the constants of the `defaults` in the file of a folder."""
    if len(dag.tasks) < _MIN_SHARED and not defaults:
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
    """Yield the groups of a DAG: the environment variables and the settings of each runner."""
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
    """Yield the environment variables and the other settings of a runner, with the names of their constants."""
    env = values.pop(runner.env, None)
    if isinstance(env, Mapping):
        yield runner.env_constant, runner.env, env
    yield runner.name.upper(), "", values


def _values_of(schedule: Schedule, runner: Runner, names: PythonNames, airflow: str) -> dict[str, Value]:
    """Return the operator arguments that a schedule sets for every task on a runner."""
    env, settings = env_of(schedule, Task()), schedule.settings.get(runner.name)
    step = Step(task_id="", calls=_PROGRAM, env=env, settings=settings, runner=runner.name)
    # If every task overrides an object, it is not imported and has no name.
    objects = defaultdict(str, names.objects)
    task = plan_task(step, {}, schedule, replace(names, objects=objects), airflow)
    return {each.name: each.value for each in task.arguments if each.name not in {"task_id", *runner.unshared}}


def _is_rendered_in_place(value: Value) -> bool:
    """Return whether Airflow renders templates in place, which would change a shared object for other tasks."""
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
