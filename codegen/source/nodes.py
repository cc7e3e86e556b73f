"""YAML values with their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from codegen.diagnostics import Diagnostic, Location


class Scalar(NamedTuple):
    """A single value, with its characters unquoted and unescaped: `0.10` stays `0.10`.

    `kind` is its type in YAML 1.1: `str`, `int`, `float`, `bool`, `null` or `timestamp`; `trap` if it does not look
    like its type, which the reader has reported. A plain one has no quotes.
    The path in a `$f` has the text of that file, or why it cannot be read.
    """

    kind: str
    text: str
    location: Location
    is_plain: bool = False
    content: str | Diagnostic | None = None


class ListNode(NamedTuple):
    """A list."""

    items: tuple[Node, ...]
    location: Location


class Entry(NamedTuple):
    """A key of a map, and its value; `replaced` is the entry that it hides after a merge."""

    key_location: Location
    value: Node
    replaced: Entry | None = None

    @property
    def chain(self) -> Iterator[Entry]:
        """The entry, and those that it hides, the nearest first."""
        each: Entry | None = self
        while each:
            yield each
            each = each.replaced


class MapNode(NamedTuple):
    """A map, in the order of the file."""

    entries: Mapping[str, Entry]
    location: Location

    def get(self, key: str) -> Node | None:
        """The value of a key, if it is given."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Node = Scalar | ListNode | MapNode


# In the maps of these keys a null is a value: JSON, or the arguments of a function or of Airflow.
_DATA = {"json", "op_kwargs", "default", "executor_config", "user_defined_macros", "jinja_environment_kwargs", "with"}


def is_null(node: Node) -> bool:
    """Whether the value is YAML's null, which removes an inherited value."""
    return isinstance(node, Scalar) and node.kind == "null"


def holds_trap(node: Node) -> bool:
    """Whether the value, or a value in it, is one that the reader of the file has reported."""
    if isinstance(node, Scalar):
        return node.kind == "trap"
    values = node.items if isinstance(node, ListNode) else (entry.value for entry in node.entries.values())
    return any(map(holds_trap, values))


_NOUNS = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
    "trap": "a trap of YAML",
}
_NOUNS_OF_TOML = _NOUNS | {"bool": "a boolean", "timestamp": "a date or a time"}


def named(node: Node) -> str:
    """The type of the value, for a message, in the words of its file's language."""
    is_toml = node.location.path.endswith(".toml")
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a table" if is_toml else "a map"
    return (_NOUNS_OF_TOML if is_toml else _NOUNS)[node.kind]


def merge(base: MapNode, over: MapNode) -> MapNode:
    """Merge one map into another. A null stays, so that it removes the value of a map further out."""
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
    """The chain of hidden entries, with one more at its end."""
    return entry._replace(replaced=_behind(entry.replaced, last)) if entry else last


def without_nulls(node: MapNode) -> MapNode:
    """The map without the keys that are null, also in maps inside it, but not in lists and in data of the user."""
    entries = {}
    for key, entry in node.entries.items():
        if not is_null(entry.value):
            value = entry.value
            if isinstance(value, MapNode) and key not in _DATA:
                value = without_nulls(value)
            entries[key] = Entry(entry.key_location, value)
    return MapNode(entries, node.location)
