"""Reads TOML into nodes that know their line and column.

tomllib gives values without positions, and so does tomlkit. Therefore tomllib parses the text first, which rejects
everything that is not TOML. Then the same text, now known to be valid, is split into tables, keys and values, each with
its position, and tomllib decodes the values that are asked for.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, cast

from codegen.diagnostics import Location
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A date, and a time, are a `timestamp`, as in YAML.
_KINDS = {str: "str", bool: "bool", int: "int", float: "float"}
_BLANKS = re.compile(r"[ \t]*")
_BLANKS_AND_COMMENTS = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
# A text of several lines may end in two more quotes, which belong to it.
_SCALAR = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""(?:"{0,2})|"(?:[^"\\\n]|\\.)*"'''
    r"""|'''.*?'''(?:'{0,2})|'[^'\n]*'"""
    r"|[^,\]}#\r\n]+",
    re.DOTALL,
)
_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class InvalidTomlError(Exception):
    """The text is not TOML."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def read_toml(text: str, name: str, path: Sequence[str] = ()) -> Node | None:
    """The node of a TOML document, or of what is under a path of keys; None where it has no such key.

    Args:
        text: the document, its lines separated by line feeds.
        name: the file, for messages.
        path: the keys.
    """
    try:
        tomllib.loads(text)
        found: Node | None = _Reader(text, name).document()
    except tomllib.TOMLDecodeError as error:
        raise _invalid(str(error), text) from error
    except RecursionError as error:
        raise InvalidTomlError("it is nested too deeply", 1, 1) from error
    for key in path:
        found = found.get(key) if isinstance(found, MapNode) else None
    return found


def _invalid(message: str, text: str) -> InvalidTomlError:
    position = _POSITION.search(message)
    if position and position[1]:
        line, column = int(position[1]), int(position[2])
    else:
        line, column = text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
    return InvalidTomlError(_POSITION.sub("", message), line, column)


class _Reader:
    """Splits a valid document into tables, keys and values, and makes nodes of them."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._at = 0
        self._name = name
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def document(self) -> MapNode:
        root = table = MapNode({}, self._place())
        while self._after(_BLANKS_AND_COMMENTS) < len(self._text):
            if self._next() == "[":
                table = self._header(root)
            else:
                self._pair(table)
        return root

    def _header(self, root: MapNode) -> MapNode:
        """The table that `[a.b]` or `[[a.b]]` begins."""
        start = self._place()
        is_array = self._text.startswith("[[", self._at)
        self._at += 1 + is_array
        *outer, (key, place) = self._path()
        self._at += 1 + is_array
        table = self._inner(root, outer)
        if not is_array:
            return self._inner(table, [(key, place)])
        new = MapNode({}, start)
        entry = table.entries.get(key) or Entry(place, ListNode((), start))
        items = entry.value.items if isinstance(entry.value, ListNode) else ()
        _set(table, key, Entry(entry.key_location, ListNode((*items, new), entry.value.location)))
        return new

    def _pair(self, table: MapNode) -> None:
        """A key, which may have dots, and its value."""
        *outer, (key, place) = self._path()
        table = self._inner(table, outer)
        self._at += 1  # the equals sign
        _set(table, key, Entry(place, self._value()))

    def _inner(self, table: MapNode, path: Sequence[tuple[str, Location]]) -> MapNode:
        """The table at the end of a path, made where it is missing; of an array of tables, the last one."""
        for key, place in path:
            if key not in table.entries:
                _set(table, key, Entry(place, MapNode({}, place)))
            found = table.entries[key].value
            if isinstance(found, ListNode):
                found = found.items[-1]
            if not isinstance(found, MapNode):
                raise TypeError(f"{key} is not a table, which tomllib has accepted")
            table = found
        return table

    def _path(self) -> list[tuple[str, Location]]:
        """The parts of a key with dots, each with its place; what follows it is next."""
        parts = []
        while True:
            self._after(_BLANKS)
            place, text = self._place(), self._take(_KEY)
            key = text if _BARE_KEY.fullmatch(text) else next(iter(tomllib.loads(f"{text} = 0")))
            parts.append((key, place))
            self._after(_BLANKS)
            if self._next() != ".":
                return parts
            self._at += 1

    def _value(self) -> Node:
        self._after(_BLANKS)
        place = self._place()
        if self._next() == "[":
            self._at += 1
            items = []
            while not self._ends("]"):
                items.append(self._value())
            return ListNode(tuple(items), place)
        if self._next() == "{":
            self._at += 1
            table = MapNode({}, place)
            while not self._ends("}"):
                self._pair(table)
            return table
        text = self._take(_SCALAR).rstrip()
        value = tomllib.loads(f"value = {text}")["value"]
        kind = _KINDS.get(type(value), "timestamp")
        return Scalar(kind, value if kind == "str" else text, place, is_plain=kind != "str")

    def _ends(self, bracket: str) -> bool:
        """Go to the next item of a list or of an inline table, and say whether there is none."""
        self._after(_BLANKS_AND_COMMENTS)
        if self._next() == ",":
            self._at += 1
            self._after(_BLANKS_AND_COMMENTS)
        is_end = self._next() == bracket
        self._at += is_end
        return is_end

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _after(self, pattern: re.Pattern[str]) -> int:
        """Skip what matches here, and return the offset behind it."""
        self._take(pattern)
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        found = match[0] if match else ""
        self._at += len(found)
        return found

    def _table(self, place: Location) -> MapNode:
        return MapNode({}, place)

    def _place(self) -> Location:
        line = bisect_right(self._starts, self._at)
        return Location(self._name, line, self._at - self._starts[line - 1] + 1)


def _set(table: MapNode, key: str, entry: Entry) -> None:
    """Add an entry to a table that is still being read."""
    cast("dict[str, Entry]", table.entries)[key] = entry
