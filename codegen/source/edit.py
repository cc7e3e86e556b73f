"""Edits values in the text of a YAML file, and preserves everything else: comments, order and layout.

A batch of edits parses the text twice: once to find the positions, and once to verify that the new text has exactly
the requested values. Invalid YAML, a missing value, and an edit that would change anything else raise an EditError.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import yaml

from codegen.source.comments import read_layout
from codegen.source.edited_data import data_of_node, make_edits
from codegen.source.edits import Append, Edit, NewItem, Remove, Set, SetWritten
from codegen.source.fragments import after_colon, block_of, dedented, hanging
from codegen.source.positions import EditError, Path, YamlText, compose, index_of, is_block, position_of
from codegen.source.splicing import (
    Splice,
    spliced,
    with_entry,
    with_items,
    with_keys,
    with_value,
    with_written,
    without,
)
from codegen.source.write import to_yaml

__all__ = ["EditError", "append", "edited", "remove", "set_value", "set_written", "written_at"]

_BOM = "\ufeff"
_Name = TypeVar("_Name", bound=Hashable)


def edited(text: str, groups: Mapping[_Name, Sequence[Edit]]) -> tuple[str, dict[_Name, EditError]]:
    """Apply groups of edits to a text, and return the error of each group that failed. A group is applied atomically.

    All paths refer to the original text. Raises an EditError for invalid YAML.
    """
    body = text.removeprefix(_BOM)
    batch = _Batch(YamlText.read(body))
    errors: dict[_Name, EditError] = {}
    _add(batch, list(groups.items()), errors)
    return text[: len(text) - len(body)] + batch.changed if batch.edits else text, errors


def set_value(text: str, path: Path, value: Any) -> str:  # noqa: ANN401
    """Set a key, as `Set` does."""
    return _with_one(text, Set(path, value))


def set_written(text: str, path: Path, written: str) -> str:
    """Set a key of a map to YAML from `written_at`, with its comments."""
    written = re.sub(r"\r\n?", "\n", written).strip("\n")
    if written.startswith(("|", ">")):
        written = hanging(written)
    node = compose(written + "\n")
    if node is None:
        raise EditError("the value is missing")
    return _with_one(text, SetWritten(path, node, written))


def append(text: str, path: Path, value: Any) -> str:  # noqa: ANN401
    """Add an item, as `Append` does."""
    return _with_one(text, Append(path, NewItem(value)))


def remove(text: str, path: Path) -> str:
    """Remove a key or an item, as `Remove` does."""
    return _with_one(text, Remove(path))


def written_at(text: str, path: Path) -> str:
    """Return a key's value as YAML text, with a block at the left margin. Raises an EditError if there is no value."""
    document = YamlText.read(text.removeprefix(_BOM))
    parent = document.map_at(path[:-1])
    key, node = parent.value[position_of(parent, path[-1])]
    start, end = document.span_of_value(key, node)
    if is_block(node):
        return dedented(document.text[document.start_of_line(start) : end], node.start_mark.column)
    return hanging(document.text[start:end])


def _with_one(text: str, edit: Edit) -> str:
    changed, errors = edited(text, {"": [edit]})
    if errors:
        raise errors[""]
    return changed


class _Batch:
    """Edits of a text that can be combined, and the changed text."""

    def __init__(self, document: YamlText) -> None:
        self._document = document
        self.edits: list[Edit] = []
        self.changed = document.text

    def add(self, edits: Sequence[Edit]) -> None:
        """Add edits. Raises an EditError, without adding any, if they cannot be combined with the others."""
        edits = [*self.edits, *edits]
        splices, removals = _splices(self._document, edits)
        changed = spliced(self._document, [*splices, *removals])
        wanted = data_of_node(self._document.root)
        make_edits(wanted, edits)
        try:
            is_right = data_of_node(YamlText.read(changed).root) == wanted
        except EditError:
            is_right = False
        if not is_right:
            raise EditError("it cannot be changed in place because of anchors, aliases or its layout")
        if any(isinstance(edit, Set) for edit in edits) and self._loses_comments(changed, removals):
            raise EditError("it cannot be changed in place: a comment would be lost")
        self.edits, self.changed = edits, changed

    def _loses_comments(self, changed: str, removals: Sequence[Splice]) -> bool:
        layout = self._document.layout
        removed = Counter(c.text for start, end, _ in removals for c in layout.comments_in(start, end))
        before = Counter(comment.text for comment in layout.comments.values())
        after = Counter(comment.text for comment in read_layout(changed).comments.values())
        return bool(before - removed - after)


def _add(batch: _Batch, groups: Sequence[tuple[_Name, Sequence[Edit]]], errors: dict[_Name, EditError]) -> None:
    """Add all groups at once; if that fails, bisect them down to the groups that fail."""
    try:
        batch.add([edit for _, edits in groups for edit in edits])
    except EditError as error:
        if len(groups) == 1:
            errors[groups[0][0]] = error
            return
        middle = len(groups) // 2
        _add(batch, groups[:middle], errors)
        _add(batch, groups[middle:], errors)


def _splices(document: YamlText, edits: Sequence[Edit]) -> tuple[list[Splice], list[Splice]]:
    """Return the splices that change text, and the splices that remove text. Additions to a node are one splice."""
    splices, removals = list[Splice](), list[Splice]()
    added: dict[Path, list[NewItem]] = defaultdict(list)
    keys: dict[Path, dict[str, Any]] = defaultdict(dict)
    removed: dict[Path, set[int]] = defaultdict(set)
    for edit in edits:
        way, last = edit.path[:-1], edit.path[-1]
        match edit:
            case Append():
                added[edit.path].append(edit.item)
            case Remove():
                removed[way].add(position_of(document.collection_at(way), last))
            case Set() | SetWritten():
                parent = document.map_at(way)
                if index_of(parent, str(last)) is None and isinstance(edit, Set):
                    keys[way][str(last)] = edit.value
                else:
                    splices.append(_set(document, parent, edit))
    splices += [with_keys(document, document.map_at(way), values) for way, values in keys.items()]
    splices += [_extended(document, path, items) for path, items in added.items()]
    for way, indexes in removed.items():
        removals += without(document, document.collection_at(way), sorted(indexes))
    return splices, removals


def _set(document: YamlText, parent: yaml.MappingNode, edit: Set | SetWritten) -> Splice:
    key = str(edit.path[-1])
    index = index_of(parent, key)
    if isinstance(edit, Set):
        return with_value(document, parent, position_of(parent, key), edit.value)
    if index is None:
        return with_entry(document, parent, f"{to_yaml(key).strip()}:{after_colon(edit.node, edit.written)}\n")
    return with_written(document, parent, index, edit.node, edit.written)


def _extended(document: YamlText, path: Path, items: Sequence[NewItem]) -> Splice:
    """Return the splice that appends items to a list, which is created if it is missing."""
    parent, key = document.map_at(path[:-1]), str(path[-1])
    index = index_of(parent, key)
    if index is not None and _has_items(parent.value[index][1]):
        return with_items(document, document.collection_at(path), items)
    values = [item.value for item in items]
    entry = f"{to_yaml(key).strip()}:\n{block_of(items)}"
    if index is not None:
        return with_value(document, parent, index, values, entry)
    return with_keys(document, parent, {key: values}) if parent.flow_style else with_entry(document, parent, entry)


def _has_items(node: yaml.Node) -> bool:
    return isinstance(node, yaml.SequenceNode) and bool(node.value)
