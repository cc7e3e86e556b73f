"""Finds the positions of values, comments and lines in a YAML text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import yaml

from codegen.diagnostics import InvalidError
from codegen.source.comments import Layout, read_layout
from codegen.source.loading import check_size, loader_of

# The path to a value: keys of maps, indexes of lists.
Path = tuple[str | int, ...]

_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\]}]+)")
# The indicator of a block that keeps trailing empty lines in the value.
_KEEPS_LINE_ENDS = re.compile(r"[|>][0-9]?\+")


class EditError(Exception):
    """The text cannot be changed in place; `line` counts from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class YamlText:
    """A text with its nodes."""

    text: str
    root: yaml.Node

    @classmethod
    def read(cls, text: str) -> YamlText:
        """Parse a text; an empty one is an empty map."""
        root = compose(text)
        if root is None or root.tag.endswith(":null"):
            end = root.end_mark if root else None
            root = yaml.MappingNode("tag:yaml.org,2002:map", [], end, end, flow_style=False)
        return cls(text, root)

    @cached_property
    def layout(self) -> Layout:
        """The comments and the lines of the text."""
        return read_layout(self.text)

    @cached_property
    def line_end(self) -> str:
        """The line end of added lines: CRLF if the text has one."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def collection_at(self, path: Path) -> yaml.CollectionNode:
        """Return the map or list at a path."""
        node = self.root
        for step in path:
            value = node.value[position_of(node, step)]
            node = value[1] if isinstance(node, yaml.MappingNode) else value
        if not isinstance(node, yaml.CollectionNode):
            raise EditError("this is not a map or a list", node.start_mark.line + 1)
        return node

    def map_at(self, path: Path) -> yaml.MappingNode:
        """Return the map at a path."""
        node = self.collection_at(path)
        if not isinstance(node, yaml.MappingNode):
            raise EditError("this is not a map", node.start_mark.line + 1)
        return node

    def span_of_value(self, key: yaml.Node, node: yaml.Node) -> tuple[int, int]:
        """Return where the value of a key starts and ends; for an alias, the span of the alias."""
        after_key = key.end_mark.index
        if node.start_mark.index < after_key:
            alias = _ALIAS.match(self.text, after_key)
            if alias is None:
                raise EditError("this value cannot be changed in place", key.start_mark.line + 1)
            return alias.span(1)
        return node.start_mark.index, self.end_of(node)

    def end_of(self, node: yaml.Node, key: yaml.Node | None = None) -> int:
        """Return where a value ends; a collection in block style ends with its last value, before comments."""
        if key is not None and node.start_mark.index < key.end_mark.index:
            return self.span_of_value(key, node)[1]
        if is_block(node):
            return self.end_of(*reversed(children_of(node)[-1]))
        start, end = node.start_mark.index, node.end_mark.index
        if _KEEPS_LINE_ENDS.match(self.text, start) and isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
            return int(start + len(self.text[start:end].removesuffix("\n")))
        return int(start + len(self.text[start:end].rstrip()))

    def dash_or_key(self, parent: yaml.CollectionNode, first: yaml.Node) -> int:
        """Return where an entry of a map or an item of a list in block style starts."""
        if isinstance(parent, yaml.MappingNode):
            return int(first.start_mark.index)
        return self.text.rindex("-", 0, first.start_mark.index + 1)

    def start_of_line(self, index: int) -> int:
        """Return the start of the line at an index."""
        return self.text.rfind("\n", 0, index) + 1

    def end_of_line(self, index: int) -> int:
        """Return the index after the end of the line at an index."""
        found = self.text.find("\n", index)
        return found + 1 if found >= 0 else len(self.text)


def compose(text: str) -> yaml.Node | None:
    """Parse a text with one document; raises an EditError for invalid YAML."""
    try:
        with loader_of(text) as loader:
            node: yaml.Node | None = loader.get_single_node()
        if node is not None:
            check_size(node, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise EditError(error.problem or "not valid YAML", mark.line + 1 if mark else 1) from error
    except InvalidError as error:
        raise EditError(error.message) from error
    except yaml.YAMLError as error:
        raise EditError("not valid YAML") from error
    return node


def is_block(node: yaml.Node) -> bool:
    """Return whether a node is a non-empty collection in block style."""
    return isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)


def children_of(node: yaml.Node) -> list[tuple[yaml.Node, ...]]:
    """Return the entries of a map as (key, value), and the items of a list as (item,)."""
    return [child if isinstance(child, tuple) else (child,) for child in node.value]


def index_of(parent: yaml.MappingNode, key: str) -> int | None:
    """Return the position of a key in a map, or None."""
    return next((i for i, (name, _) in enumerate(parent.value) if name.value == key), None)


def position_of(parent: yaml.Node, step: str | int) -> int:
    """Return the position of a key or an index; raises an EditError if it does not exist."""
    if isinstance(step, int) and isinstance(parent, yaml.SequenceNode) and step < len(parent.value):
        return step
    found = index_of(parent, step) if isinstance(step, str) and isinstance(parent, yaml.MappingNode) else None
    if found is None:
        raise EditError(f"{step!r} does not exist", parent.start_mark.line + 1)
    return found
