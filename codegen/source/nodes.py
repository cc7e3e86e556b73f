"""YAML values with their locations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from codegen.diagnostics import Diagnostic, Location


class Scalar(NamedTuple):
    """A single value, unquoted and unescaped: `0.10` stays `0.10`.

    `kind` is its type in YAML 1.1: `str`, `int`, `float`, `bool`, `null` or `timestamp`; or `trap` if it does not look
    like its type, which the reader has reported. A plain scalar has no quotes.
    For the path in a `$f`, `content` is the text of the file, or the error if it cannot be read.
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
    """A key of a map, and its value; `replaced` is the entry that it overrides after a merge."""

    key_location: Location
    value: Node
    replaced: Entry | None = None

    @property
    def chain(self) -> Iterator[Entry]:
        """The entry, then the entries that it overrides, the nearest first."""
        each: Entry | None = self
        while each:
            yield each
            each = each.replaced


class MapNode(NamedTuple):
    """A map, in the order of the file."""

    entries: Mapping[str, Entry]
    location: Location

    def get(self, key: str) -> Node | None:
        """Return the value of a key, or None."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Node = Scalar | ListNode | MapNode


# In the maps of these keys, a null is a value: they contain JSON, or arguments of a function or of Airflow.
_DATA = {"json", "op_kwargs", "default", "executor_config", "user_defined_macros", "jinja_environment_kwargs", "with"}


def is_null(node: Node) -> bool:
    """Return whether the value is null, which removes an inherited value."""
    return isinstance(node, Scalar) and node.kind == "null"


def has_trap(node: Node) -> bool:
    """Return whether the value, or a value in it, is a trap, which the reader has reported."""
    if isinstance(node, Scalar):
        return node.kind == "trap"
    values = node.items if isinstance(node, ListNode) else (entry.value for entry in node.entries.values())
    return any(map(has_trap, values))


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


def type_name(node: Node) -> str:
    """Return the name of the value's type for a message, in the terms of YAML or TOML."""
    is_toml = node.location.path.endswith(".toml")
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a table" if is_toml else "a map"
    return (_NOUNS_OF_TOML if is_toml else _NOUNS)[node.kind]


def merge(base: MapNode, over: MapNode) -> MapNode:
    """Merge `over` into `base`. A null stays, so that it also removes the value of an outer map."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = base.entries.get(key)
        if below is None:
            entries[key] = entry
        elif isinstance(below.value, MapNode) and isinstance(entry.value, MapNode):
            value = merge(below.value, entry.value)
            entries[key] = Entry(entry.key_location, value, _appended(entry.replaced, below.replaced))
        else:
            entries[key] = Entry(entry.key_location, entry.value, _appended(entry.replaced, below))
    return MapNode(entries, over.location)


def _appended(entry: Entry | None, last: Entry | None) -> Entry | None:
    """Return the chain of overridden entries, with another entry at its end."""
    return entry._replace(replaced=_appended(entry.replaced, last)) if entry else last


def without_nulls(node: MapNode) -> MapNode:
    """Remove the keys that are null, including in nested maps, but not in lists and in `_DATA`."""
    entries = {}
    for key, entry in node.entries.items():
        if not is_null(entry.value):
            value = entry.value
            if isinstance(value, MapNode) and key not in _DATA:
                value = without_nulls(value)
            entries[key] = Entry(entry.key_location, value)
    return MapNode(entries, node.location)
