"""Reads TOML into nodes with line and column.

tomllib and tomlkit return values without positions. So tomllib first parses the text, to reject invalid TOML. Then the
text is split into tables, keys and values with their positions, and tomllib decodes the single values.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import cast

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar
from codegen.source.syntax_errors import merge_conflict
from codegen.text.conflict import conflict_in, forgotten_marker_in

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Dates and times are a `timestamp`, as in YAML.
_KINDS = {str: "str", bool: "bool", int: "int", float: "float"}
_BLANKS = re.compile(r"[ \t]*")
_BLANKS_AND_COMMENTS = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
# A multi-line string may end with two more quotes, which belong to it.
_SCALAR = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""(?:"{0,2})|"(?:[^"\\\n]|\\.)*"'''
    r"""|'''.*?'''(?:'{0,2})|'[^'\n]*'"""
    r"|[^,\]}#\r\n]+",
    re.DOTALL,
)
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class BrokenFileError(Exception):
    """The file cannot be read, or is not valid TOML."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def invalid(message: str, place: Location) -> BrokenFileError:
    """Return the exception for an invalid configuration."""
    return BrokenFileError(Diagnostic(rules.INVALID_CONFIGURATION, message, place))


def read_toml(text: str, name: str) -> MapNode:
    """Parse a TOML document with line feeds as line endings; `name` is the name of its file.

    Raises:
        BrokenFileError: the text is not valid TOML.
    """
    conflict = conflict_in(text)
    if conflict is not None:
        # In a multi-line string, the markers would be valid TOML.
        raise BrokenFileError(merge_conflict(text, conflict, name))
    try:
        tomllib.loads(text)
        return _Reader(text, name).document()
    except tomllib.TOMLDecodeError as error:
        forgotten = forgotten_marker_in(text)
        if forgotten is not None:
            raise BrokenFileError(merge_conflict(text, forgotten, name)) from error
        position = _POSITION.search(str(error))
        if position and position[1]:
            line, column = int(position[1]), int(position[2])
        else:
            line, column = text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
        raise invalid(f"invalid TOML: {_POSITION.sub('', str(error))}", Location(name, line, column)) from error
    except ValueError as error:  # Python limits the number of digits (sys.int_info)
        at = max(re.finditer(r"\d+", text), key=lambda match: len(match[0])).start()
        place = Location(name, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        raise invalid("invalid TOML: this number has too many digits", place) from error
    except RecursionError as error:
        raise invalid("invalid TOML: nested too deeply", Location(name)) from error


class _Reader:
    """Splits a valid document into tables, keys and values, as nodes."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._at = 0
        self._name = name
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def document(self) -> MapNode:
        root = table = MapNode({}, self._place())
        self._take(_BLANKS_AND_COMMENTS)
        while self._at < len(self._text):
            if self._next() == "[":
                table = self._header(root)
            else:
                self._pair(table)
            self._take(_BLANKS_AND_COMMENTS)
        return root

    def _header(self, root: MapNode) -> MapNode:
        """Read a header `[a.b]` or `[[a.b]]` and return its table."""
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
        """Read a key, which may be dotted, and its value."""
        *outer, (key, place) = self._path()
        table = self._inner(table, outer)
        self._at += 1  # the equals sign
        _set(table, key, Entry(place, self._value()))

    def _inner(self, table: MapNode, path: Sequence[tuple[str, Location]]) -> MapNode:
        """Return the table at a path, creating missing tables; for an array of tables, the last one."""
        for key, place in path:
            if key not in table.entries:
                _set(table, key, Entry(place, MapNode({}, place)))
            found = table.entries[key].value
            table = cast("MapNode", found.items[-1] if isinstance(found, ListNode) else found)
        return table

    def _path(self) -> list[tuple[str, Location]]:
        """Read a dotted key and return its parts with their locations."""
        parts = []
        while True:
            self._take(_BLANKS)
            place, text = self._place(), self._take(_KEY)
            key = text if _BARE_KEY.fullmatch(text) else next(iter(tomllib.loads(f"{text} = 0")))
            parts.append((key, place))
            self._take(_BLANKS)
            if self._next() != ".":
                return parts
            self._at += 1

    def _value(self) -> Node:
        self._take(_BLANKS)
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
        """Go to the next item of an array or inline table; return whether it ends."""
        self._take(_BLANKS_AND_COMMENTS)
        if self._next() == ",":
            self._at += 1
            self._take(_BLANKS_AND_COMMENTS)
        is_end = self._next() == bracket
        self._at += is_end
        return is_end

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        found = match[0] if match else ""
        self._at += len(found)
        return found

    def _place(self) -> Location:
        line = bisect_right(self._starts, self._at)
        return Location(self._name, line, self._at - self._starts[line - 1] + 1)


def _set(table: MapNode, key: str, entry: Entry) -> None:
    """Add an entry to a table that is still being read."""
    cast("dict[str, Entry]", table.entries)[key] = entry
