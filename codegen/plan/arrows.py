"""The order of the tasks: a Python name for each that an arrow names, and the lines with the arrows."""

from __future__ import annotations

import keyword
import re
from itertools import chain, count, pairwise
from typing import TYPE_CHECKING

from codegen.literal import LINE_LENGTH
from codegen.plan.imports import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from codegen.command import Step

_LONGEST_NAME = 40


def variables_of(steps: Sequence[Step], dag_id: str) -> dict[str, str]:
    """A Python name for each task that waits, or is waited for: its id, less the DAG's in front."""
    ordered = {name for step in steps if step.after for name in (step.task_id, *step.after)}
    variables: dict[str, str] = {}
    for number, task_id in enumerate(step.task_id for step in steps if step.task_id in ordered):
        stem = re.sub(r"[^A-Za-z0-9_]", "_", task_id.removeprefix(f"{dag_id}_"))
        candidates = chain((stem, f"task_{stem}"), (f"task_number_{n}" for n in count(number)))
        variables[task_id] = next(name for name in candidates if _is_free(name, variables))
    return variables


def _is_free(name: str, variables: Mapping[str, str]) -> bool:
    """Whether a task can have that name: one of Python's, short, no constant's and nobody else's."""
    is_name = name.isidentifier() and not keyword.iskeyword(name) and not name.isupper()
    return is_name and len(name) <= _LONGEST_NAME and name not in NAMES and name not in variables.values()


def arrows_of(steps: Sequence[Step], variables: Mapping[str, str]) -> Iterator[str]:
    """One line for a chain, else a line for each task that waits."""
    is_chain = all(list(step.after) == [before.task_id] for before, step in pairwise(steps))
    line = " >> ".join(variables.get(step.task_id, "") for step in steps)
    if is_chain and len(steps) > 1 and _fits(line):
        yield line
        return
    for step in steps:
        before = [variables[task_id] for task_id in step.after]
        if not before:
            continue
        name = variables[step.task_id]
        line = f"{before[0] if len(before) == 1 else '[' + ', '.join(before) + ']'} >> {name}"
        yield from [line] if _fits(line) else [f"{one} >> {name}" for one in before]


def _fits(line: str) -> bool:
    return len(line) + 4 <= LINE_LENGTH
