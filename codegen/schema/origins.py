"""Tells of every value of a schedule where it comes from, and what it hides: the chain that the merge has kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.keys.table import grouped, keys_of
from codegen.schema import Schedule
from codegen.schema.export import as_data
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.diagnostics import Location


@dataclass(frozen=True)
class Given:
    """What a file gives to a key.

    Attributes:
        value: as JSON has it; None removes what another file gave.
        deployment: the deployment environment that the file gives it to; empty where it gives it to all.
    """

    value: Any
    location: Location
    deployment: str


@dataclass(frozen=True)
class Explained:
    """A key of a schedule.

    Attributes:
        key: its path, such as `retries`, `env.START` or `tasks[0].run`.
        value: what the schedule ends up with; None where that is nothing.
        origin: what gives it, or removes what others gave; nothing where it is the default.
        hidden: what would give it otherwise, the nearest first.
    """

    key: str
    value: Any
    origin: Given | None
    hidden: tuple[Given, ...] = ()


def explain(schedule: Schedule, merged: MapNode) -> list[Explained]:
    """Explain every value of a schedule without errors, in the order of the reference.

    `merged` is what it was read from, with the nulls and with what each value hides.
    """
    parts = merged.get("environments")
    part = parts.get(schedule.deployment) if isinstance(parts, MapNode) else None
    explainer = _Explainer(schedule.deployment, {entry.key_location for entry in _entries(part)})
    values = as_data(schedule)
    return [
        row
        for name in {**grouped(keys_of(Schedule)), **values}
        if name != "environments" and (name in values or name in merged.entries)
        for row in explainer.rows(name, values.get(name), merged.entries.get(name), None)
    ]


@dataclass(frozen=True)
class _Explainer:
    """Walks through values and the nodes that they were read from side by side.

    Attributes:
        deployment: the deployment environment of the schedule.
        overlaid: the places of the keys that stand in the part of the deployment environment.
    """

    deployment: str
    overlaid: set[Location]

    def rows(self, path: str, value: Any, entry: Entry | None, around: Given | None) -> Iterator[Explained]:  # noqa: ANN401
        """The rows of a key and of what is in it; `around` gives all that has no entry of its own."""
        chain = tuple(self._chain(entry)) or ((around,) if around else ())
        origin, hidden = (chain[0], chain[1:]) if chain else (None, ())
        inside = list(self._inside(path, value, entry.value if entry else None, origin))
        if hidden or not inside:
            # What comes to the same as nothing, such as an empty list, the schedule itself does not tell.
            yield Explained(path, _plain(entry.value) if entry and value is None else value, origin, hidden)
        yield from inside

    def _inside(self, path: str, value: Any, node: Node | None, origin: Given | None) -> Iterator[Explained]:  # noqa: ANN401
        if isinstance(value, dict) or (value is None and isinstance(node, MapNode)):
            values = value or {}
            # What a map does not give is the default; what is no map, such as a task that is a text, gives it all.
            entries, around = (node.entries, None) if isinstance(node, MapNode) else ({}, origin)
            for name in dict.fromkeys([*values, *entries]):
                yield from self.rows(f"{path}.{name}", values.get(name), entries.get(name), around)
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            nodes = node.items if isinstance(node, ListNode) else ()
            for number, item in enumerate(value):
                entry = Entry(nodes[number].location, nodes[number]) if number < len(nodes) else None
                yield from self.rows(f"{path}[{number}]", item, entry, origin)

    def _chain(self, entry: Entry | None) -> Iterator[Given]:
        while entry:
            deployment = self.deployment if entry.key_location in self.overlaid else ""
            yield Given(_plain(entry.value), entry.key_location, deployment)
            entry = entry.replaced


def _entries(node: Node | None) -> Iterator[Entry]:
    """Every entry in a map, in the maps inside it, and behind others."""
    for entry in node.entries.values() if isinstance(node, MapNode) else ():
        each: Entry | None = entry
        while each:
            yield each
            yield from _entries(each.value)
            each = each.replaced


def _plain(node: Node) -> Any:  # noqa: ANN401
    """What a node says, as JSON has it: a text as it is, and so is a number that JSON would write otherwise."""
    if isinstance(node, MapNode):
        return {name: _plain(entry.value) for name, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    return _plain_scalar(node)


def _plain_scalar(scalar: Scalar) -> str | int | bool | None:
    if scalar.kind == "null":
        return None
    if scalar.kind == "bool":
        return scalar.text.lower() == "true"
    return int(scalar.text) if scalar.kind == "int" else scalar.text
