"""The items of a list as lines of text, which can be moved and edited with their comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import yaml

from codegen.source import edit
from codegen.source.edited_data import data_of_node
from codegen.source.fragments import indented
from codegen.source.positions import EditError, Path, YamlText, compose, index_of, is_block
from codegen.source.splicing import lines_of_item
from codegen.source.write import to_yaml

_CANNOT_EDIT = "it cannot be changed in place because of anchors, aliases or its layout"


@dataclass(frozen=True)
class Item:
    """An item of a list in block style.

    Attributes:
        lines: its lines, with their indentation and the comments that belong to it.
        dash: the index of its dash in the lines.
    """

    lines: str
    dash: int

    @classmethod
    def of(cls, value: Any, column: int = 0) -> Item:  # noqa: ANN401  # any JSON value
        """Return an item with a value."""
        return cls(indented(to_yaml([value]), column), column)

    @property
    def text(self) -> str:
        """The lines without the indentation."""
        column = self.dash - (self.lines.rfind("\n", 0, self.dash) + 1)
        return "".join(
            line[column:] if not line[:column].strip() else line for line in self.lines.splitlines(keepends=True)
        )

    @property
    def as_map(self) -> str:
        """The lines as a map: with a space instead of the dash."""
        return f"{self.lines[: self.dash]} {self.lines[self.dash + 1 :]}"

    def with_map(self, text: str) -> Item:
        """Return the item with a new text for `as_map`."""
        return replace(self, lines=f"{text[: self.dash]}-{text[self.dash + 1 :]}")


@dataclass(frozen=True)
class ItemList:
    """The list at a path of a text.

    Attributes:
        text: the text, with the list in block style.
        column: the column of the dashes.
    """

    text: str
    path: Path
    items: Sequence[Item]
    column: int = 0
    _start: int = field(default=0, repr=False)
    _end: int = field(default=0, repr=False)
    _gaps: Sequence[str] = field(default=(), repr=False)

    @classmethod
    def read(cls, text: str, path: Path) -> ItemList:
        """Read the list in a text; a list in flow style, or a single value, is first converted to block style.

        Raises:
            EditError: it cannot be converted.
        """
        text = _in_block_style(text, path)
        document = YamlText.read(text)
        parent = document.map_at(path[:-1])
        index = index_of(parent, str(path[-1]))
        node = None if index is None else parent.value[index][1]
        if node is None:
            return cls(text, path, ())
        spans = [lines_of_item(document, node, number) for number in range(len(node.value))]
        dashes = [document.dash_or_key(node, child) for child in node.value]
        items = [Item(text[start:end], dash - start) for (start, end), dash in zip(spans, dashes, strict=True)]
        gaps = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
        column = dashes[0] - document.start_of_line(dashes[0])
        return cls(text, path, items, column, spans[0][0], spans[-1][1], gaps)

    def with_items(self, items: Sequence[Item]) -> str:
        """Return the text with other items, and with the gaps between the old ones.

        Raises:
            EditError: something else would change.
        """
        if not items:
            return edit.remove(self.text, self.path) if self.items else self.text
        lines = [each.lines if each.lines.endswith("\n") else each.lines + "\n" for each in items]
        if not self.items:
            values = [_value_of(line) for line in lines]
            start = edit.set_value(self.text, self.path, ["-"])
            found = ItemList.read(start, self.path)
            return _checked(found, "".join(indented(line, found.column) for line in lines), values)
        gaps = [*self._gaps[: len(items) - 1], *[""] * (len(items) - 1 - len(self._gaps))]
        written = "".join(line + gap for line, gap in zip(lines, [*gaps, ""], strict=True))
        if not self.text[self._end :] and not self.text.endswith("\n"):
            written = written.removesuffix("\n")
        return _checked(self, written, [_value_of(line) for line in lines])


def moved(text: str, other: str, key: str) -> tuple[str, str]:
    """Move a key with its comments from a text to another, and return both."""
    document, target = YamlText.read(text), YamlText.read(other)
    index = index_of(document.map_at(()), key)
    if index is None or any(getattr(each.root, "flow_style", False) for each in (document, target)):
        raise EditError(_CANNOT_EDIT)
    start, end = lines_of_item(document, document.map_at(()), index)
    lines = text[start:end] if text[start:end].endswith("\n") else f"{text[start:end]}\n"
    place = target.end_of_line(target.end_of(target.root)) if target.root.value else len(other)
    above = other[:place] if not place or other[:place].endswith("\n") else f"{other[:place]}\n"
    added, left = above + lines + other[place:], text[:start] + text[end:]
    wanted = [*data_of_node(target.root), data_of_node(document.root)[index]]
    if data_of_node(YamlText.read(added).root) != wanted:
        raise EditError(_CANNOT_EDIT)
    if data_of_node(YamlText.read(left).root) != [
        each for number, each in enumerate(data_of_node(document.root)) if number != index
    ]:
        raise EditError(_CANNOT_EDIT)
    return left, added


def with_key(text: str, key: str, new: str) -> str:
    """Rename a key; its value and comments stay."""
    root = compose(text)
    index = index_of(root, key) if isinstance(root, yaml.MappingNode) else None
    if root is None or index is None:
        raise EditError(f"`{key}` does not exist")
    node = root.value[index][0]
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _checked(old: ItemList, written: str, values: Sequence[Any]) -> str:
    """Return the text with new lines for the items, and verify that only the values of the list differ."""
    text = old.text[: old._start] + written + old.text[old._end :]  # noqa: SLF001  # of the same module
    wanted, found = (_without(YamlText.read(each).root, old.path) for each in (old.text, text))
    if wanted[0] != found[0] or found[1] != values:
        raise EditError(_CANNOT_EDIT)
    return text


def _without(root: yaml.Node, path: Path) -> tuple[Any, Any]:
    """Return the data of a text without the list, and the data of the list."""
    data, (key,) = data_of_node(root), path
    rest = [pair for pair in data if pair[0] != data_of_node(yaml.ScalarNode("tag:yaml.org,2002:str", key))]
    return rest, next(value for pair, value in ((pair, pair[1]) for pair in data) if pair not in rest)


def _value_of(lines: str) -> Any:  # noqa: ANN401  # as in `data_of_node`
    node = compose(lines)
    if not isinstance(node, yaml.SequenceNode) or len(node.value) != 1:
        raise EditError(_CANNOT_EDIT)
    return data_of_node(node)[0]


def _in_block_style(text: str, path: Path) -> str:
    document = YamlText.read(text)
    parent = document.map_at(path[:-1])
    index = index_of(parent, str(path[-1]))
    if index is None or (is_block(node := parent.value[index][1]) and isinstance(node, yaml.SequenceNode)):
        return text
    key = parent.value[index][0]
    if is_block(node):
        return edit.set_written(text, path, f"- {indented(edit.written_at(text, path), 2).lstrip()}")
    if document.layout.comments_in(key.end_mark.index, document.end_of(node)):
        raise EditError("it has comments inside brackets: edit the YAML instead", node.start_mark.line + 1)
    children = node.value if isinstance(node, yaml.SequenceNode) else [node] if node.value else []
    if not children:
        return edit.remove(text, path)
    if any("\n" in text[child.start_mark.index : child.end_mark.index].strip() for child in children):
        raise EditError("edit the YAML instead", node.start_mark.line + 1)
    written = "".join(f"- {text[child.start_mark.index : document.end_of(child)]}\n" for child in children)
    return edit.set_written(text, path, written)
