"""The content of a generated file as data: imports, functions, constants and DAGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from codegen.values import Argument, Call, Extended, Identifier, Value, arguments_of, is_same


@dataclass(frozen=True)
class Import:
    """An import of names from a module, as pairs of original and local name; without names, of the module itself."""

    module: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PlannedFunction:
    """A function that imports and calls a callable of the project, so that parsing the DAG does not import it."""

    name: str
    parameters: tuple[str, ...]
    imported: Import
    call: Call
    returns: bool


# The callable and the names of its arguments. Tasks and alerts with the same key share a function.
FunctionKey = tuple[str, ...]
Functions = Mapping[FunctionKey, PlannedFunction]


@dataclass(frozen=True)
class Constant:
    """A map that several tasks share: the value of `argument`, such as `env`; if empty, several arguments."""

    name: str
    argument: str
    values: Mapping[str, Value]

    def within(self, arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
        """Return the arguments of a task with the constant: `env=ENV`, `**DOCKER`, or either with overrides."""
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
    """An operator.

    Attributes:
        variable: its Python name; empty if no arrow needs it.
        upstream: the IDs of the tasks that it waits for.
        constants: the constants that its arguments use.
    """

    task_id: str
    variable: str
    operator: str
    arguments: tuple[Argument, ...]
    upstream: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()

    @property
    def written(self) -> tuple[Argument, ...]:
        """The arguments as written in the file, with constants in place of shared values."""
        arguments = self.arguments
        for constant in self.constants:
            arguments = constant.within(arguments)
        return arguments


@dataclass(frozen=True)
class Arrow:
    """A dependency (`>>`) of each ID on the right on each ID on the left; one side has a single ID."""

    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True)
class PlannedGroup:
    """A task group and the dependencies between its tasks; an empty ID means tasks outside of groups."""

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
    """A DAG.

    Attributes:
        source: the schedule file, as a path relative to the project.
        doc: its documentation as Markdown.
        arrows: the arrows outside of groups.
        functions: the functions for its tasks and alerts, without the shared functions of the file.
        constants: the constants that its tasks share.
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
        """The Python names of its tasks and groups, by ID."""
        return {
            **{group.group_id: group.variable for group in self.groups},
            **{task.task_id: task.variable for task in self.tasks},
        }


@dataclass(frozen=True)
class DagModule:
    """A generated file.

    Attributes:
        path: its path relative to the project.
        source: the schedule file, or the folder of schedules with a trailing slash, relative to the project.
        imports: two groups: the standard library and the rest.
        functions: the functions for the alerts in the folder's defaults.
        preludes: the constants in `PRELUDES` that its commands use.
        constants: the constants with the folder's defaults.
        project_root_variable: the environment variable of the workers with the Meltano project directory.
        alert_texts: the constants with the texts of alerts.
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
        """Whether it is the file of a folder, which can have a single schedule."""
        return self.source.endswith("/")
