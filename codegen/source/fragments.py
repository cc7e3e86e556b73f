"""Formats the values and the indentation of replacements in a YAML text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from codegen.source.edits import NewItem
from codegen.source.positions import is_block
from codegen.source.write import to_yaml


def block_of(items: Iterable[NewItem]) -> str:
    """Return the lines of a list."""
    return "".join("".join(f"{comment}\n" for comment in item.comments) + to_yaml([item.value]) for item in items)


def after_colon(node: yaml.Node, written: str) -> str:
    """Return the text after the colon of a key in the first column."""
    if is_block(node):
        return "\n" + (written if isinstance(node, yaml.SequenceNode) else indented(written, 2))
    return f" {hanging(written)}"


def hanging(text: str) -> str:
    """Indent all lines except the first, by two columns or more."""
    first, line_end, others = text.partition("\n")
    depths = [len(line) - len(line.lstrip(" ")) for line in others.splitlines() if line.strip()]
    return first + line_end + indented(dedented(others, min(depths, default=0)), 2)


def dedented(text: str, column: int) -> str:
    """Move lines to the left by up to `column` spaces."""
    return re.sub(rf"(?m)^ {{0,{column}}}", "", text)


def indented(text: str, column: int) -> str:
    """Move lines to the right, except blank lines."""
    return "".join(" " * column + line if line.strip() else line for line in text.splitlines(keepends=True))


def flow(value: Any) -> str:  # noqa: ANN401
    """Format a value on one line."""
    return to_yaml([value], flow=True).strip()[1:-1]


def in_quotes(value: str, style: str) -> str:
    """Quote text in the style of the old value, if possible."""
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style == '"' and value.isprintable() and not re.search(r'["\\]', value):
        return f'"{value}"'
    return flow(value)
