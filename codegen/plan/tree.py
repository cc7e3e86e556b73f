"""The content of a generated file as data: its imports, functions and constants, and its DAGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from codegen.values import Argument, Call, Extended, Identifier, Value, arguments_of, is_same


@dataclass(frozen=True)
class Import:
    """An import of names, each as the module and as the file calls it; without names, of the module itself."""

    module: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PlannedFunction:
    """A function that imports and calls a callable of the project, so that Airflow imports none when it parses."""

    name: str
    parameters: tuple[str, ...]
    imported: Import
    call: Call
    returns: bool


# By what they call, with the names of the arguments; tasks and alerts with the same key share a function.
FunctionKey = tuple[str, ...]
Functions = Mapping[FunctionKey, PlannedFunction]


@dataclass(frozen=True)
class Constant:
    """A map that several tasks share: the value of an argument such as `env`, or without `argument`, arguments."""

    name: str
    argument: str
    values: Mapping[str, Value]

    def within(self, arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
        """The arguments of a task with the constant: `env=ENV`, `**DOCKER`, or either with overrides."""
        if self.argument:
            return tuple(
                replace(each, value=self._extended(each.value)) if each.name == self.argument else each
                for each in arguments
            )
        shared = [each for each in arguments if each.name in self.values]
        changes = {each.name: each.value for each in shared if not is_same(each.value, self.values[each.name])}
        name = Identifier(self.name)
        spread = Argument("**", Call("dict", (name,), arguments_of(changes)) if changes else name)
        return tuple(spread if each is shared[0] else each for each in arguments if each not in shared[1:])

    def _extended(self, value: Value) -> Value:
        entries = value if isinstance(value, Mapping) else {}
        changes = {
            name: item
            for name, item in entries.items()
            if not (name in self.values and is_same(item, self.values[name]))
        }
        return Extended(self.name, changes) if changes else Identifier(self.name)


@dataclass(frozen=True)
class PlannedTask:
    """One operator, with a Python name where an arrow names it, and the ids of the tasks that it waits for."""

    task_id: str
    variable: str
    operator: str
    arguments: tuple[Argument, ...]
    upstream: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()

    @property
    def written(self) -> tuple[Argument, ...]:
        """Its arguments with constants in place of shared values, as in the file."""
        arguments = self.arguments
        for constant in self.constants:
            arguments = constant.within(arguments)
        return arguments


@dataclass(frozen=True)
class Arrow:
    """Each task or group on the left comes before each on the right, by their ids; one side has a single id."""

    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True)
class PlannedGroup:
    """A task group and the arrows between its tasks; with an empty id, tasks outside of any group."""

    group_id: str
    variable: str
    tasks: tuple[PlannedTask, ...]
    arrows: tuple[Arrow, ...] = ()

    @property
    def indent(self) -> int:
        """The indentation of its tasks."""
        return 8 if self.group_id else 4


@dataclass(frozen=True)
class PlannedDag:
    """One DAG.

    Attributes:
        source: the schedule file, as a path in the project.
        doc: its documentation as Markdown.
        arrows: those that are not inside a group.
        functions: what its tasks and alerts call, besides the functions of its file.
        constants: what several of its tasks share.
    """

    dag_id: str
    source: str
    doc: str
    arguments: tuple[Argument, ...]
    groups: tuple[PlannedGroup, ...]
    arrows: tuple[Arrow, ...]
    functions: tuple[PlannedFunction, ...] = ()
    constants: tuple[Constant, ...] = ()

    @property
    def tasks(self) -> tuple[PlannedTask, ...]:
        """The tasks of all groups, in the order of the file."""
        return tuple(task for group in self.groups for task in group.tasks)

    @cached_property
    def variables(self) -> dict[str, str]:
        """The Python names of its tasks and groups, by their ids."""
        return {
            **{group.group_id: group.variable for group in self.groups},
            **{task.task_id: task.variable for task in self.tasks},
        }


@dataclass(frozen=True)
class DagModule:
    """One file: its DAGs, and what they share.

    Attributes:
        path: its path in the project.
        source: the schedule file, or the folder of schedules with a final slash, as a path in the project.
        imports: in groups: the standard library, then the rest.
        functions: what the alerts of the defaults of a folder call.
        preludes: the constants of `PRELUDES` that its commands use.
        constants: what the defaults of a folder give its DAGs.
        project_root_variable: the variable of the workers that names the Meltano project directory.
    """

    path: str
    source: str
    doc: str
    imports: tuple[tuple[Import, ...], ...]
    functions: tuple[PlannedFunction, ...]
    dags: tuple[PlannedDag, ...]
    preludes: tuple[str, ...]
    constants: tuple[Constant, ...]
    project_root_variable: str
    alert_texts: Mapping[str, str]

    @property
    def is_folder(self) -> bool:
        """Whether it is the file of a folder of schedules, which may have a single one."""
        return self.source.endswith("/")
