"""What one generated file will say, as a small tree: imports, the DAGs, their tasks and the lines that order them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codegen.values import Argument


@dataclass(frozen=True)
class PlannedTask:
    """One operator: `variable = operator(arguments)`, the variable only where an arrow names it."""

    task_id: str
    variable: str
    operator: str
    arguments: tuple[Argument, ...]
    upstream: tuple[str, ...]


@dataclass(frozen=True)
class PlannedGroup:
    """Tasks that stand together.

    Attributes:
        head: the `with TaskGroup(...)` that they stand in, without its colon; empty for tasks of no group.
        tasks: in an order in which they can run.
        arrows: the lines that order the tasks of a group.
    """

    head: str
    tasks: tuple[PlannedTask, ...]
    arrows: tuple[str, ...] = ()

    @property
    def indent(self) -> int:
        """How far its tasks stand to the right."""
        return 8 if self.head else 4


@dataclass(frozen=True)
class PlannedDag:
    """One DAG: its arguments, its tasks, and the lines that order all that no group orders itself."""

    dag_id: str
    arguments: tuple[Argument, ...]
    groups: tuple[PlannedGroup, ...]
    arrows: tuple[str, ...]

    @property
    def tasks(self) -> tuple[PlannedTask, ...]:
        """The tasks of all groups, in the order of the file."""
        return tuple(task for group in self.groups for task in group.tasks)


@dataclass(frozen=True)
class PlannedFunction:
    """A function that a task or an alert calls: its name, and its source."""

    name: str
    source: str


@dataclass(frozen=True)
class DagModule:
    """One file.

    Attributes:
        path: below the folder of generated DAGs, with forward slashes.
        source: the schedule file, as a path in the project.
        doc: the module's docstring, which is the DAG's documentation.
        imports: lines, in groups.
        functions: what the tasks call that run Python, and what alerts call.
        preludes: the lines, of `PRELUDES`, with which its commands begin.
        project_root_variable: the variable of the workers that names the Meltano project directory.
        alert_texts: the assignments of what alerts say.
    """

    path: str
    source: str
    doc: str
    imports: tuple[tuple[str, ...], ...]
    functions: tuple[PlannedFunction, ...]
    dags: tuple[PlannedDag, ...]
    preludes: tuple[str, ...]
    project_root_variable: str
    alert_texts: tuple[str, ...] = ()
