"""What one generated file will say, as a small tree: imports, the DAGs, their tasks and the lines that order them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codegen.literal import Argument


@dataclass(frozen=True)
class PlannedTask:
    """One operator: `variable = operator(arguments)`, the variable only where an arrow names it."""

    task_id: str
    variable: str
    operator: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class PlannedDag:
    """One DAG: its arguments, its tasks in an order in which they can run, and the lines that order them."""

    dag_id: str
    arguments: tuple[Argument, ...]
    tasks: tuple[PlannedTask, ...]
    arrows: tuple[str, ...]


@dataclass(frozen=True)
class DagModule:
    """One file.

    Attributes:
        path: below the folder of generated DAGs, with forward slashes.
        source: the schedule file, as a path in the project.
        doc: the module's docstring, which is the DAG's documentation.
        imports: lines, in groups.
        has_meltano: whether a task begins with the `MELTANO` lines.
        alert_texts: the assignments of what alerts say.
        alert_functions: the functions that alerts call.
    """

    path: str
    source: str
    doc: str
    imports: tuple[tuple[str, ...], ...]
    dags: tuple[PlannedDag, ...]
    has_meltano: bool
    alert_texts: tuple[str, ...] = ()
    alert_functions: tuple[str, ...] = ()
