"""The groups of a DAG: which tasks stand together in the file, and under which head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.plan.arrows import lines_of
from codegen.plan.tree import PlannedGroup, PlannedTask
from codegen.source_text import code
from codegen.values import Argument, Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codegen.plan.arrows import Link
    from codegen.plan.steps import Step


def plan_groups(
    steps: Sequence[Step],
    tasks: Sequence[PlannedTask],
    links: Mapping[str, Sequence[Link]],
    variables: Mapping[str, str],
) -> tuple[PlannedGroup, ...]:
    """Put the tasks of each group together, where the first of them stands.

    Args:
        steps: the steps of a checked schedule, in an order in which they can run.
        tasks: what each of them is.
        links: the arrows inside each group, by its id.
        variables: the Python names of tasks and groups.
    """
    parts: list[tuple[str, list[PlannedTask]]] = []
    for step, task in zip(steps, tasks, strict=True):
        name = step.task.group or ""
        candidates = parts if name else parts[-1:]
        part = next((those for group, those in candidates if group == name), None)
        if part is None:
            parts.append((name, [task]))
        else:
            part.append(task)
    return tuple(
        PlannedGroup(_head(name, variables), tuple(those), tuple(lines_of(links[name], variables, indent=8)))
        if name
        else PlannedGroup("", tuple(those))
        for name, those in parts
    )


def _head(name: str, variables: Mapping[str, str]) -> str:
    """The `with` of a group. Its id stands before no task's id, so that a group takes no task from its history."""
    end = f" as {variables[name]}" if name in variables else ""
    call = Call("TaskGroup", (name,), (Argument("prefix_group_id", value=False),))
    return f"with {code(call, indent=4, before=len('with ' + end))}{end}"
