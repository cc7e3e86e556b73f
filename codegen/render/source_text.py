"""Writes values as Python source, in the very form that black gives them.

It is the only way for a value into a generated file.
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

# A line that git writes at a conflict (codegen/text/conflict.py), by its first character.
_MARKER = re.compile(r"^([<|>])(?=\1{6,}(?: |$))", re.MULTILINE)
_UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def keyword(argument: Argument, indent: int) -> str:
    """The line or lines of a keyword argument, with its final comma, as black leaves them."""
    return " " * indent + _assigned(argument, indent) + ","


def code(value: Value, indent: int, before: int = 0) -> str:
    """A value as code; `indent` is that of its first line, in which it has `before` other characters before it."""
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
    """A value in a list or a map, in which a map stands in one line where it fits."""
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
    """A string literal in double quotes, or in single quotes where those need fewer escapes; lines stay lines."""
    if "\n" in value and not any(line != line.rstrip() for line in value.split("\n")):
        return docstring("\\\n" + escape(value, keep="\n"))
    return _one_line(value)


def _one_line(value: str) -> str:
    body = escape(value)
    if body.count('"') > body.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def docstring(body: str) -> str:
    """Escaped text between three double quotes; quotes that would end it, or touch its end, get a backslash.

    No line is a conflict marker, so that those in a file are git's.
    """
    body = _MARKER.sub(lambda marker: f"\\x{ord(marker[1]):x}", body)
    return '"""' + re.sub(r'"{3,}|"{1,2}\Z', lambda quotes: '\\"' * len(quotes[0]), body) + '"""'


def module_docstring(value: str) -> str:
    """Text of one or more lines as a module's docstring, whose last line ends with no quote."""
    return docstring(escape(value, keep="\n"))


def _width(line: str) -> int:
    """The columns of a line without combining marks, as black counts them (black/strings.py, `str_width`)."""
    if line.isascii():
        return len(line)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def _in_brackets(start: str, items: Sequence[str], end: str, indent: int, before: int) -> str:
    """The items in one line where they fit, else each in its own."""
    line = start + ", ".join(items) + end
    # Marks have a width that only black knows, so only ASCII is laid out in one line.
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
    """In the largest unit that divides it: `timedelta(minutes=5)`."""
    whole = value.days * 86_400 + value.seconds
    if value.microseconds:
        return f"timedelta(seconds={whole}, microseconds={value.microseconds})"
    unit = next(unit for unit, seconds in _UNITS.items() if whole % seconds == 0)
    return f"timedelta({unit}={whole // _UNITS[unit]})" if whole else "timedelta()"


# By type, which is faster than to ask `isinstance` of several classes.
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
    # Of a text of several lines, black looks at the first and the last (black/lines.py, `is_line_short_enough`).
    first, *others = line.split("\n")
    if indent + before + _width(first) + (not others) <= LINE_LENGTH and _width([first, *others][-1]) < LINE_LENGTH:
        return line
    return f"\n{' ' * indent}+ ".join([*preludes, command])
