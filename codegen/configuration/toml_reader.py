"""Reads TOML into nodes that know their line and column.

tomllib gives values without positions, and so does tomlkit. Therefore tomllib parses the text first, which rejects
everything that is not TOML. Then the same text, now known to be valid, is split into tables, keys and values, each with
its position, and tomllib decodes the values that are asked for.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

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
    """Read a TOML document, or what it has under some keys.

    Args:
        text: the document, its lines separated by line feeds.
        name: the file, as messages call it.
        path: the keys that lead to what is asked for; without any, the document.

    Returns:
        The node; nothing if the document has no such key.

    Raises:
        InvalidTomlError: it is not TOML.
    """
    try:
        tomllib.loads(text)
        found: _Raw = _Splitter(text).document()
        for key in path:
            if not isinstance(found, _Table) or key not in found.entries:
                return None
            _, found = found.entries[key]
        return _Nodes(text, name).node(found)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(str(error), text) from error
    except RecursionError as error:
        raise InvalidTomlError("it is nested too deeply", 1, 1) from error


def _invalid(message: str, text: str) -> InvalidTomlError:
    position = _POSITION.search(message)
    if position and position[1]:
        line, column = int(position[1]), int(position[2])
    else:
        line, column = text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
    return InvalidTomlError(_POSITION.sub("", message), line, column)


@dataclass(frozen=True)
class _Value:
    """A single value, and the offset at which it begins."""

    start: int
    text: str


@dataclass
class _List:
    start: int
    items: list[_Raw] = field(default_factory=list)


@dataclass
class _Table:
    """A table; each key with the offset at which it is first given."""

    start: int
    entries: dict[str, tuple[int, _Raw]] = field(default_factory=dict)

    def inner(self, key: str, start: int) -> _Table:
        """The table under a key, made where it is missing; of an array of tables, the last one."""
        _, found = self.entries.setdefault(key, (start, _Table(start)))
        if isinstance(found, _List):
            found = found.items[-1]
        if not isinstance(found, _Table):
            raise TypeError(f"{key} is not a table, which tomllib has accepted")
        return found


_Raw = _Value | _List | _Table


class _Splitter:
    """Splits a valid document into tables, keys and values. It decodes keys, and no values."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> _Table:
        root = table = _Table(0)
        while self._after(_BLANKS_AND_COMMENTS) < len(self._text):
            if self._next() == "[":
                table = self._header(root)
            else:
                self._pair(table)
        return root

    def _header(self, root: _Table) -> _Table:
        """The table that `[a.b]` or `[[a.b]]` begins."""
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 1 + is_array
        *outer, (key, key_start) = self._path()
        self._at += 1 + is_array
        table = root
        for name, name_start in outer:
            table = table.inner(name, name_start)
        if not is_array:
            return table.inner(key, key_start)
        _, tables = table.entries.setdefault(key, (key_start, _List(start)))
        new = _Table(start)
        if isinstance(tables, _List):
            tables.items.append(new)
        return new

    def _pair(self, table: _Table) -> None:
        """A key, which may have dots, and its value."""
        *outer, (key, start) = self._path()
        for name, outer_start in outer:
            table = table.inner(name, outer_start)
        self._at += 1  # the equals sign
        table.entries[key] = (start, self._value())

    def _path(self) -> list[tuple[str, int]]:
        """The parts of a key with dots, each with its offset; what follows it is next."""
        parts = []
        while True:
            self._after(_BLANKS)
            start, text = self._at, self._take(_KEY)
            key = text if _BARE_KEY.fullmatch(text) else next(iter(tomllib.loads(f"{text} = 0")))
            parts.append((key, start))
            self._after(_BLANKS)
            if self._next() != ".":
                return parts
            self._at += 1

    def _value(self) -> _Raw:
        self._after(_BLANKS)
        start = self._at
        if self._next() == "[":
            values = _List(start)
            self._at += 1
            while not self._ends("]"):
                values.items.append(self._value())
            return values
        if self._next() == "{":
            table = _Table(start)
            self._at += 1
            while not self._ends("}"):
                self._pair(table)
            return table
        return _Value(start, self._take(_SCALAR).rstrip())

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
        """Go behind what matches here, and return that offset."""
        self._take(pattern)
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        found = match[0] if match else ""
        self._at += len(found)
        return found


class _Nodes:
    """Makes nodes of what was split, each with its line and column."""

    def __init__(self, text: str, name: str) -> None:
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._name = name

    def node(self, raw: _Raw) -> Node:
        place = self._location(raw.start)
        if isinstance(raw, _List):
            return ListNode(tuple(map(self.node, raw.items)), place)
        if isinstance(raw, _Table):
            entries = {
                key: Entry(self._location(start), self.node(value)) for key, (start, value) in raw.entries.items()
            }
            return MapNode(entries, place)
        value = tomllib.loads(f"value = {raw.text}")["value"]
        kind = _KINDS.get(type(value), "timestamp")
        return Scalar(kind, value if kind == "str" else raw.text, place, is_plain=kind != "str")

    def _location(self, offset: int) -> Location:
        line = bisect_right(self._starts, offset)
        return Location(self._name, line, offset - self._starts[line - 1] + 1)
