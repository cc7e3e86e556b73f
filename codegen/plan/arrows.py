"""The order of the tasks as lines with arrows: `[a, b] >> c >> [d, e]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.plan.naming import free_name
from codegen.source_text import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from codegen.plan.steps import Step


@dataclass(frozen=True)
class Link:
    """One arrow. Each on the left comes before each on the right; one of the sides has but one id.

    Attributes:
        left: the ids of tasks and groups, in their order in the file.
        right: likewise.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]


def links_of(steps: Sequence[Step]) -> dict[str, list[Link]]:
    """The arrows inside each group by its id, and under `""` all others.

    An arrow of a group is one of its first or last tasks, as the arrows inside it say. So those must come before it.

    Args:
        steps: those of a checked schedule, in their order in the file.
    """
    group_of = {step.task_id: step.task.group for step in steps}
    places: dict[str, int] = {}
    for place, (task_id, group) in enumerate(group_of.items()):
        places |= {task_id: place, group or task_id: places.get(group or task_id, place)}

    def is_inside(name: str, step: Step) -> bool:
        return step.task.group is not None and group_of.get(name) == step.task.group

    # What a task of a group waits for in there, and whether any waits for it.
    inside = {step.task_id: [name for name in step.waits_for if is_inside(name, step)] for step in steps}
    awaited = {name for names in inside.values() for name in names}
    outside = {
        step.task_id: [
            name
            for name in step.waits_for
            # A group's last task need not be named beside the group.
            if name not in inside[step.task_id] and (name in awaited or group_of.get(name) not in step.waits_for)
        ]
        for step in steps
    }
    links = {}
    for group in dict.fromkeys(group_of.values()):
        if group:
            own = {task_id: inside[task_id] for task_id in inside if group_of[task_id] == group}
            links[group] = _links(own, places)
            _fold(group, own, outside)
    links[""] = _links(outside, places)
    return links


def _fold(group: str, inside: Mapping[str, list[str]], outside: dict[str, list[str]]) -> None:
    """Let a group wait in place of its first tasks, where it has several and all wait for the same."""
    first, *others = [task_id for task_id, names in inside.items() if not names]
    if others and all(set(outside[task_id]) == set(outside[first]) for task_id in others):
        outside[group] = outside[first]
        outside.update({task_id: [] for task_id in (first, *others)})


def _links(waits_for: Mapping[str, list[str]], places: Mapping[str, int]) -> list[Link]:
    """The arrows that make each wait for its own: one for all who wait for the same."""
    waiting: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(waits_for, key=places.__getitem__):
        left = tuple(sorted(waits_for[name], key=places.__getitem__))
        if left:
            waiting.setdefault(left, []).append(name)
    links = []
    for left, right in waiting.items():
        if min(len(left), len(right)) == 1:
            links.append(Link(left, tuple(right)))
        elif len(right) <= len(left):
            links += [Link(left, (name,)) for name in right]
        else:
            links += [Link((name,), tuple(right)) for name in left]
    return links


def variables_of(links: Iterable[Link], steps: Sequence[Step], dag_id: str, taken: set[str]) -> dict[str, str]:
    """A Python name for each task and group that an arrow names: its id, less the DAG's in front.

    Args:
        links: the arrows.
        steps: the steps, in their order in the file.
        dag_id: the id of the DAG.
        taken: names that stand for something else.
    """
    named = {name for link in links for name in (*link.left, *link.right)}
    kinds: dict[str, str] = {}
    for step in steps:
        kinds |= {step.task.group: "group"} if step.task.group else {}
        kinds[step.task_id] = "task"
    variables: dict[str, str] = {}
    for name, kind in kinds.items():
        if name in named:
            stem = name.removeprefix(f"{dag_id}_")
            variables[name] = free_name((stem, f"{kind}_{stem}"), f"{kind}_number_", {*variables.values(), *taken})
    return variables


def lines_of(links: Sequence[Link], variables: Mapping[str, str], indent: int) -> Iterator[str]:
    """The arrows as lines that fit, each going on where another ends: `a >> [b, c] >> d`."""
    waiting = list(links)
    while waiting:
        chain = [waiting.pop(0)]
        while following := next((link for link in waiting if link.left == chain[-1].right), None):
            waiting.remove(following)
            chain.append(following)
        yield from _wrapped(chain, variables, LINE_LENGTH - indent)


def _wrapped(chain: Sequence[Link], variables: Mapping[str, str], width: int) -> Iterator[str]:
    line = ""
    for link in chain:
        left, right = ([variables[name] for name in names] for names in (link.left, link.right))
        longer = f"{line} >> {_side(right)}"
        if line and len(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        *full, line = _pairs(left, right, width)
        yield from full
    yield line


def _pairs(left: Sequence[str], right: Sequence[str], width: int) -> list[str]:
    """One arrow as a line, or as several where the longer side does not fit into one."""
    if len(left) == len(right) == 1:
        return [f"{left[0]} >> {right[0]}"]
    lines, part = [], list[str]()
    for name in left if len(left) > 1 else right:
        line = _pair([*part, name], left, right)
        if part and len(line) > width:
            lines.append(_pair(part, left, right))
            part = []
        part.append(name)
    return [*lines, _pair(part, left, right)]


def _pair(part: Sequence[str], left: Sequence[str], right: Sequence[str]) -> str:
    return f"{_side(part)} >> {right[0]}" if len(left) > 1 else f"{left[0]} >> {_side(part)}"


def _side(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"
