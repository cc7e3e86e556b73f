"""Reads the schedules of a Meltano project, each with its comments, from the files that define them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.files import read_bytes
from codegen.meltano import MeltanoProject
from codegen.meltano.scalars import is_text
from codegen.source.comments import Comment, read_layout
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null, type_name

# The keys that a schedule has in Meltano.
KEYS = ("name", "extractor", "loader", "transform", "interval", "start_date", "env", "job")
# Editors on Windows write it at the start of a file; the YAML parser counts it as a character.
BOM = "\ufeff"


@dataclass(frozen=True)
class Item:
    """One item under `schedules`.

    Attributes:
        node: the item, which may not be a map.
        index: its position in its file, counted from 0.
        above: the comments directly above it.
        inside: the comments in its lines, and those after them with its indentation.
    """

    node: Node
    path: Path
    index: int
    above: tuple[Comment, ...]
    inside: tuple[Comment, ...]

    @property
    def location(self) -> Location:
        """The location of its first key."""
        return self.node.location

    @property
    def name(self) -> str:
        """The schedule's name; empty if missing."""
        name = self.node.get("name") if isinstance(self.node, MapNode) else None
        return name.text if isinstance(name, Scalar) and not is_null(name) else ""

    @property
    def is_named(self) -> bool:
        """Whether the name is text; Meltano does not find other names."""
        name = self.node.get("name") if isinstance(self.node, MapNode) else None
        return isinstance(name, Scalar) and is_text(name)


def read_items(meltano: MeltanoProject) -> tuple[list[Item], list[Diagnostic]]:
    """Return every schedule in Meltano's order, and a warning for each `schedules` that is not a list."""
    items: list[Item] = []
    diagnostics = []
    for section in meltano.schedules:
        if isinstance(section.node, ListNode):
            items += _items(section.path, section.node)
        elif not is_null(section.node):
            message = f"`schedules` must be a list, got {type_name(section.node)}"
            hint = "start each schedule with a dash"
            place = section.node.location
            diagnostics.append(Diagnostic(rules.NOT_IMPORTED, message, place, hint))
    return items, diagnostics


def text_of(path: Path) -> str:
    """Return the text of a file that was read before, with its line endings unchanged."""
    return read_bytes(path).decode("utf-8")


def name_of(path: Path, root: Path) -> str:
    """Return a file's path in the project, with forward slashes and symlinks resolved, so their targets are changed."""
    return os.path.relpath(os.path.realpath(path), root).replace(os.sep, "/")


def _items(path: Path, section: ListNode) -> Iterator[Item]:
    text = text_of(path).removeprefix(BOM)
    layout = read_layout(text)
    end_of_previous = 0
    for index, node in enumerate(section.items):
        first, column = _dash(node, layout.lines)
        last = layout.last_line(first, column)
        above = tuple(layout.comments[line] for line in range(layout.first_above(first, end_of_previous), first))
        inside = tuple(layout.comments[line] for line in range(first, last + 1) if line in layout.comments)
        end_of_previous = last
        yield Item(node, path, index, above, inside)


def _dash(node: Node, lines: list[str]) -> tuple[int, int]:
    """Return the line and the column of an item's dash, or of the item if it has none."""
    line, column = node.location.line, node.location.column
    for number in range(line, 0, -1):
        before = lines[number - 1][: column - 1] if number == line else lines[number - 1].split("#")[0]
        if before.rstrip().endswith("-"):
            return number, before.rindex("-") + 1
        if before.strip():
            break
    return line, column
