"""Explains where each value of a schedule comes from, and which inherited values it overrides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codegen.diagnostics import Location
from codegen.keys.containers import python_value
from codegen.keys.markers import is_marked
from codegen.keys.table import grouped, keys_of
from codegen.schema import Schedule
from codegen.schema.export import as_data
from codegen.source.nodes import Entry, ListNode, MapNode, Node


@dataclass(frozen=True)
class Given:
    """A value of a key in a file, for one deployment environment or for all; None removes an inherited value."""

    value: Any
    location: Location
    deployment: str


@dataclass(frozen=True)
class Explained:
    """A key of a schedule.

    Attributes:
        key: its path, such as `retries`, `env.START` or `tasks[0].run`.
        origin: the effective value, which can be a null; None for a default.
        hidden: the values that it overrides, the nearest first.
    """

    key: str
    value: Any
    origin: Given | None
    hidden: tuple[Given, ...] = ()


def explain(schedule: Schedule, merged: MapNode) -> list[Explained]:
    """Explain every value of a valid schedule and its document, in the order of the reference."""
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
    """Walks values and their nodes in parallel; `overlaid` has the places of the environment's keys."""

    deployment: str
    overlaid: set[Location]

    def rows(self, path: str, value: Any, entry: Entry | None, around: Given | None) -> Iterator[Explained]:  # noqa: ANN401
        """Yield the row of a key, or the rows of the keys in it; `around` is the origin of a value without an entry."""
        chain = tuple(map(self._given, entry.chain)) if entry else ()
        origin, hidden = (chain[0], chain[1:]) if chain else (around, ())
        inside = list(self._inside(path, value, entry.value if entry else None, origin))
        if hidden or not inside:
            # The data of the schedule omits empty values, such as an empty list.
            yield Explained(path, plain_node(entry.value) if entry and value is None else value, origin, hidden)
        yield from inside

    def _inside(self, path: str, value: Any, node: Node | None, origin: Given | None) -> Iterator[Explained]:  # noqa: ANN401
        if is_marked(value):
            return
        if isinstance(value, dict) or (value is None and isinstance(node, MapNode)):
            values = value or {}
            # A key that is missing in a map has its default. For a value that is not a map, the value is the origin.
            entries, around = (node.entries, None) if isinstance(node, MapNode) else ({}, origin)
            for name in dict.fromkeys([*values, *entries]):
                yield from self.rows(f"{path}.{name}", values.get(name), entries.get(name), around)
        elif isinstance(value, list) and any(isinstance(item, dict) and not is_marked(item) for item in value):
            nodes = node.items if isinstance(node, ListNode) else ()
            for number, item in enumerate(value):
                entry = Entry(nodes[number].location, nodes[number]) if number < len(nodes) else None
                yield from self.rows(f"{path}[{number}]", item, entry, origin)

    def _given(self, entry: Entry) -> Given:
        deployment = self.deployment if entry.key_location in self.overlaid else ""
        return Given(plain_node(entry.value), entry.key_location, deployment)


def _entries(node: Node | None) -> Iterator[Entry]:
    """Yield every entry in a map and its nested maps, including the entries that they override."""
    for entry in node.entries.values() if isinstance(node, MapNode) else ():
        for each in entry.chain:
            yield each
            yield from _entries(each.value)


def plain_node(node: Node) -> Any:  # noqa: ANN401
    """Convert a node to JSON data; a number that JSON would format differently becomes text."""
    if isinstance(node, MapNode):
        return {name: plain_node(entry.value) for name, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain_node(item) for item in node.items]
    return node.text if node.kind == "float" else python_value(node)
