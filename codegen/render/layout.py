"""Writes the imports, functions, group heads and arrows of a plan as Python source, formatted as black does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codegen.plan.tree import Arrow, Constant, Import, PlannedFunction, PlannedGroup
from codegen.render.source_text import LINE_LENGTH, code
from codegen.values import Identifier, call


def import_statement(imported: Import, indent: int = 0) -> str:
    """Return an import, wrapped if it is too long for one line."""
    margin = " " * indent
    if not imported.names:
        return f"{margin}import {imported.module}"
    names = [own if own == origin else f"{origin} as {own}" for origin, own in imported.names]
    start = f"{margin}from {imported.module} import "
    line = start + ", ".join(names)
    if len(line) <= LINE_LENGTH:
        return line
    return f"{start}(\n" + "".join(f"{margin}    {name},\n" for name in names) + f"{margin})"


def constant_source(constant: Constant) -> str:
    """Return the assignment of a constant."""
    return f"{constant.name} = {code(constant.values, indent=0)}"


def function_source(function: PlannedFunction) -> str:
    """Return the definition of a function."""
    head = code(call(f"def {function.name}", *map(Identifier, function.parameters)), indent=0)
    start = "return " if function.returns else ""
    called = code(function.call, indent=4, before=len(start))
    return f"{head}:\n{import_statement(function.imported, indent=4)}\n\n    {start}{called}"


def group_head(group: PlannedGroup) -> str:
    """Return the `with` of a group without the colon. Its task IDs get no prefix, so tasks keep their history."""
    end = f" as {group.variable}" if group.variable else ""
    head = call("TaskGroup", group.group_id, prefix_group_id=False)
    return f"with {code(head, indent=4, before=len('with ' + end))}{end}"


def arrow_lines(arrows: Sequence[Arrow], variables: Mapping[str, str], indent: int) -> Iterator[str]:
    """Yield the arrows as lines such as `a >> [b, c] >> d`; `variables` has the Python names of the IDs."""
    waiting = list(arrows)
    while waiting:
        chain = [waiting.pop(0)]
        while following := next((arrow for arrow in waiting if arrow.left == chain[-1].right), None):
            waiting.remove(following)
            chain.append(following)
        yield from _wrapped(chain, variables, LINE_LENGTH - indent)


def _wrapped(chain: Sequence[Arrow], variables: Mapping[str, str], width: int) -> Iterator[str]:
    line = ""
    for arrow in chain:
        left, right = ([variables[name] for name in names] for names in (arrow.left, arrow.right))
        longer = f"{line} >> {_side(right)}"
        if line and len(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        *full, line = _split(left, right, width)
        yield from full
    yield line


def _split(left: Sequence[str], right: Sequence[str], width: int) -> list[str]:
    """Return an arrow as one line, or as several if the longer side does not fit on one."""

    def line_of(part: Sequence[str]) -> str:
        return f"{_side(part)} >> {right[0]}" if len(left) > 1 else f"{left[0]} >> {_side(part)}"

    lines, part = [], list[str]()
    for name in left if len(left) > 1 else right:
        if part and len(line_of([*part, name])) > width:
            lines.append(line_of(part))
            part = []
        part.append(name)
    return [*lines, line_of(part)]


def _side(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"
