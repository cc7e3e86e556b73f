"""The order of the tasks of a DAG: its groups, the arrows between tasks and groups, and their Python names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from codegen.plan.names import free_name
from codegen.plan.steps import Step
from codegen.plan.tree import Arrow, PlannedGroup, PlannedTask

# Splits `ExternalTaskSensor` and `SSHOperator` into words: a variable must not have the name of an imported class.
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def arrows_of(steps: Sequence[Step]) -> dict[str, list[Arrow]]:
    """Return the arrows inside each group by group ID, and all others under `""`.

    An arrow of a group means its first or last tasks. The arrows inside the group determine these tasks, so they must
    be written first.
    """
    group_of = {step.task_id: step.task.group for step in steps}
    places: dict[str, int] = {}
    for place, (task_id, group) in enumerate(group_of.items()):
        places |= {task_id: place, group or task_id: places.get(group or task_id, place)}

    def is_inside(name: str, step: Step) -> bool:
        return step.task.group is not None and group_of.get(name) == step.task.group

    inside = {step.task_id: [name for name in step.waits_for if is_inside(name, step)] for step in steps}
    awaited = {name for names in inside.values() for name in names}
    outside = {
        step.task_id: [
            name
            for name in step.waits_for
            # The group's arrow already includes its last tasks.
            if name not in inside[step.task_id] and (name in awaited or group_of.get(name) not in step.waits_for)
        ]
        for step in steps
    }
    arrows = {}
    for group in dict.fromkeys(group_of.values()):
        if group:
            own = {task_id: inside[task_id] for task_id in inside if group_of[task_id] == group}
            arrows[group] = _arrows(own, places)
            _fold(group, own, outside)
    arrows[""] = _arrows(outside, places)
    return arrows


def _fold(group: str, inside: Mapping[str, list[str]], outside: dict[str, list[str]]) -> None:
    """Let the group wait instead of its first tasks, if there are several and all wait for the same tasks."""
    first, *others = [task_id for task_id, names in inside.items() if not names]
    if others and all(set(outside[task_id]) == set(outside[first]) for task_id in others):
        outside[group] = outside[first]
        outside.update({task_id: [] for task_id in (first, *others)})


def _arrows(waits_for: Mapping[str, list[str]], places: Mapping[str, int]) -> list[Arrow]:
    """Return the arrows; tasks and groups that wait for the same tasks share one."""
    waiting: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(waits_for, key=places.__getitem__):
        left = tuple(sorted(waits_for[name], key=places.__getitem__))
        if left:
            waiting.setdefault(left, []).append(name)
    arrows = []
    for left, right in waiting.items():
        if len(left) == 1 or len(left) < len(right):
            arrows += [Arrow((name,), tuple(right)) for name in left]
        else:
            arrows += [Arrow(left, (name,)) for name in right]
    return arrows


def variables_of(
    arrows: Mapping[str, Sequence[Arrow]], steps: Sequence[Step], dag_id: str, taken: Collection[str]
) -> dict[str, str]:
    """Return a variable for each task and group in an arrow: its ID without the DAG ID as prefix."""
    named = {name for some in arrows.values() for arrow in some for name in (*arrow.left, *arrow.right)}
    named.update(name for step in steps for name in step.task.outputs)
    kinds: dict[str, str] = {}
    for step in steps:
        kinds |= {step.task.group: "group"} if step.task.group else {}
        kinds[step.task_id] = "task"
    variables: dict[str, str] = {}
    for name, kind in kinds.items():
        if name in named:
            stem = name.removeprefix(f"{dag_id}_")
            wanted = (stem, _WORD_START.sub("_", stem).lower(), f"{kind}_{stem}")
            variables[name] = free_name(wanted, f"{kind}_number_", {*variables.values(), *taken})
    return variables


def plan_groups(
    steps: Sequence[Step],
    tasks: Sequence[PlannedTask],
    arrows: Mapping[str, Sequence[Arrow]],
    variables: Mapping[str, str],
) -> tuple[PlannedGroup, ...]:
    """Collect the tasks of each group at its first task, after the tasks whose outputs they use."""
    parts: list[tuple[str, list[PlannedTask]]] = []
    for step, task in zip(steps, tasks, strict=True):
        name = step.task.group or ""
        part = next((those for group, those in (parts if name else parts[-1:]) if group == name), None)
        if part is None:
            parts.append((name, part := []))
        part.append(task)
    outputs = {step.task_id: step.task.outputs for step in steps}
    return tuple(
        PlannedGroup(name, variables.get(name, ""), tuple(those), tuple(arrows[name] if name else ()))
        for name, those in _after_their_inputs(parts, outputs)
    )


def _after_their_inputs(
    parts: Sequence[tuple[str, list[PlannedTask]]], outputs: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, list[PlannedTask]]]:
    """Yield the parts so that each comes after the parts whose variables it uses."""
    waiting = list(parts)
    while waiting:
        later = {task.task_id: number for number, (_, those) in enumerate(waiting) for task in those}
        ready = next(
            number
            for number, (_, those) in enumerate(waiting)
            if all(later.get(each, number) == number for task in those for each in outputs[task.task_id])
        )
        yield waiting.pop(ready)
