"""Writes values as Python source, formatted as black does.

All values in generated files are written by this module.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from codegen.text.escaping import escape
from codegen.values import Argument, Call, Extended, Identifier, MeltanoCommand, Output, Value

LINE_LENGTH = 88  # black's

# The first character of a conflict marker of git (codegen/text/conflict.py).
_MARKER = re.compile(r"^([<|>])(?=\1{6,}(?: |$))", re.MULTILINE)
_UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def keyword(argument: Argument, indent: int) -> str:
    """Return the line or lines of a keyword argument with its trailing comma."""
    return " " * indent + _assigned(argument, indent) + ","


def code(value: Value, indent: int, before: int = 0) -> str:
    """Return a value as code; its first line has this indent, and `before` characters between indent and value."""
    if write := _ATOMS.get(type(value)):
        return write(value)
    if isinstance(value, MeltanoCommand):
        return _command(value, indent, before)
    if isinstance(value, Call):
        items = [code(each, indent + 4) for each in value.positional]
        items += [_assigned(argument, indent + 4) for argument in value.keywords]
        return _in_brackets(f"{value.function}(", items, ")", indent, before)
    if isinstance(value, Extended):
        items = [f"**{value.name}", *_entries(value.entries, indent)]
        return _in_brackets("{", items, "}", indent, before)
    if isinstance(value, Mapping):
        return _map(value, indent)
    items = [_item(each, indent + 4) for each in cast("Sequence[Value]", value)]
    return _in_brackets("[", items, "]", indent, before)


def _item(value: Value, indent: int, before: int = 0) -> str:
    """Return an item of a list or map; a nested map is written on one line if it fits."""
    if type(value) not in _ATOMS and isinstance(value, Mapping) and value:
        return _in_brackets("{", _entries(value, indent), "}", indent, before)
    return code(value, indent, before)


def _entries(values: Mapping[str, Value], indent: int) -> list[str]:
    starts = {name: f"{_one_line(name)}: " for name in values}
    return [start + _item(values[name], indent + 4, len(start)) for name, start in starts.items()]


def _assigned(argument: Argument, indent: int) -> str:
    start = argument.name if argument.name == "**" else f"{argument.name}="
    return start + code(argument.value, indent, len(start))


def literal(value: str) -> str:
    """Return a string literal: in double quotes, in single quotes if they need fewer escapes, or triple-quoted."""
    if "\n" in value and not any(line != line.rstrip() for line in value.split("\n")):
        return docstring("\\\n" + escape(value, keep="\n"))
    return _one_line(value)


def _one_line(value: str) -> str:
    body = escape(value)
    if '"' not in body:
        return f'"{body}"'
    if body.count('"') > body.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def docstring(body: str) -> str:
    """Return escaped text in triple quotes; quotes that would end it, or are next to its end, are escaped.

    Lines like conflict markers are escaped, so markers in a file always come from git.
    """
    body = _MARKER.sub(lambda marker: f"\\x{ord(marker[1]):x}", body)
    return '"""' + re.sub(r'"{3,}|"{1,2}\Z', lambda quotes: '\\"' * len(quotes[0]), body) + '"""'


def module_docstring(value: str) -> str:
    """Return text as the docstring of a module."""
    return docstring(escape(value, keep="\n"))


def _width(line: str) -> int:
    """Return the width of a line without combining marks, as black counts it (black/strings.py, `str_width`)."""
    if line.isascii():
        return len(line)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def _in_brackets(start: str, items: Sequence[str], end: str, indent: int, before: int) -> str:
    """Return the items on one line if they fit, else one per line."""
    line = start + ", ".join(items) + end
    # Only ASCII goes on one line: the width of combining marks depends on black.
    if not items or (indent + before + len(line) + 1 <= LINE_LENGTH and line.isascii() and "\n" not in line):
        return line
    inner = "".join(" " * (indent + 4) + item + ",\n" for item in items)
    return f"{start}\n" + inner + " " * indent + end


def _map(values: Mapping[str, Value], indent: int) -> str:
    if not values:
        return "{}"
    lines = []
    for name, value in values.items():
        start = f"{_one_line(name)}: "
        comment = f"  # {value.comment}" if isinstance(value, Identifier) and value.comment else ""
        lines.append(" " * (indent + 4) + start + _item(value, indent + 4, len(start)) + f",{comment}\n")
    return "{\n" + "".join(lines) + " " * indent + "}"


def _timedelta(value: timedelta) -> str:
    """Return the call with the largest unit that divides it: `timedelta(minutes=5)`."""
    whole = value.days * 86_400 + value.seconds
    if value.microseconds:
        return f"timedelta(seconds={whole}, microseconds={value.microseconds})"
    unit = next(unit for unit, seconds in _UNITS.items() if whole % seconds == 0)
    return f"timedelta({unit}={whole // _UNITS[unit]})" if whole else "timedelta()"


# A lookup by type is faster than several `isinstance` calls.
_ATOMS: Mapping[type, Callable[[Any], str]] = {
    str: literal,
    bool: repr,
    int: repr,
    type(None): repr,
    # black/numerics.py, `format_scientific_notation`
    float: lambda value: repr(value).replace("e+", "e"),
    timedelta: _timedelta,
    Identifier: lambda identifier: identifier.name,
    Output: lambda output: f"{output.task_id}.output" + (f"[{literal(output.key)}]" if output.key else ""),
}


def _command(value: MeltanoCommand, indent: int, before: int) -> str:
    *preludes, command = [*value.preludes, literal(value.command)]
    line = " + ".join([*preludes, command])
    # For multiline strings, black checks the first and the last line (black/lines.py, `is_line_short_enough`).
    first, *others = line.split("\n")
    if indent + before + _width(first) + (not others) <= LINE_LENGTH and _width([first, *others][-1]) < LINE_LENGTH:
        return line
    return f"\n{' ' * indent}+ ".join([*preludes, command])
