"""YAML values that know where they stand: what the loader makes and the schema reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.diagnostics import Location


@dataclass(frozen=True)
class Scalar:
    """A single value.

    Attributes:
        kind: what YAML 1.1 reads it as: `str`, `int`, `float`, `bool`, `null` or `timestamp`; `trap` where that is not
            what it looks like, which the reader has reported.
        text: the characters of the value, unquoted and unescaped; `0.10` stays `0.10`.
        is_plain: whether it stands there without quotes.
    """

    kind: str
    text: str
    location: Location
    is_plain: bool = False


@dataclass(frozen=True)
class ListNode:
    """A list."""

    items: tuple[Node, ...]
    location: Location


@dataclass(frozen=True)
class Entry:
    """A key of a map, and its value.

    Attributes:
        replaced: what the key had before a merge laid this over it.
    """

    key_location: Location
    value: Node
    replaced: Entry | None = None


@dataclass(frozen=True)
class MapNode:
    """A map, in the order of the file."""

    entries: Mapping[str, Entry]
    location: Location

    def get(self, key: str) -> Node | None:
        """The value of a key, or nothing."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Node = Scalar | ListNode | MapNode


# In the maps of these keys a null is a value: JSON, or what somebody's function or Airflow gets.
_DATA = {"json", "op_kwargs", "default", "executor_config", "user_defined_macros", "jinja_environment_kwargs"}


def is_null(node: Node) -> bool:
    """Whether the value is YAML's null, which removes an inherited value."""
    return isinstance(node, Scalar) and node.kind == "null"


def named(node: Node) -> str:
    """The value in a person's words, for a message."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a map"
    names = {
        "str": "text",
        "int": "a number",
        "float": "a number",
        "bool": "true or false",
        "null": "nothing",
        "timestamp": "a date",
        "trap": "a trap of YAML",
    }
    return names[node.kind]


def merge(base: MapNode, over: MapNode) -> MapNode:
    """One map over another. A null stays, so that it removes what a map further out had.

    An entry of the result tells what it hides.
    """
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = base.entries.get(key)
        if below is None:
            entries[key] = entry
        elif isinstance(below.value, MapNode) and isinstance(entry.value, MapNode):
            value = merge(below.value, entry.value)
            entries[key] = Entry(entry.key_location, value, _behind(entry.replaced, below.replaced))
        else:
            entries[key] = Entry(entry.key_location, entry.value, _behind(entry.replaced, below))
    return MapNode(entries, over.location)


def _behind(entry: Entry | None, last: Entry | None) -> Entry | None:
    """What an entry hides, with one more behind the last."""
    return replace(entry, replaced=_behind(entry.replaced, last)) if entry else last


def without_nulls(node: MapNode) -> MapNode:
    """The map less every key that is null, in maps inside it too; lists and people's own data stay as they are."""
    entries = {}
    for key, entry in node.entries.items():
        if not is_null(entry.value):
            value = entry.value
            if isinstance(value, MapNode) and key not in _DATA:
                value = without_nulls(value)
            entries[key] = Entry(entry.key_location, value)
    return MapNode(entries, node.location)
