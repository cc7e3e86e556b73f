"""Changes values in the text of a YAML file, and keeps every other character: comments, order, layout.

Each change is verified: the new text is parsed and must have exactly the values that were asked for. A change that is
impossible without another, a missing value and invalid YAML raise an EditError.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import yaml

from codegen.source.comments import read_layout
from codegen.source.positions import EditError, Path, YamlText, compose, index_of, is_block, position_of
from codegen.source.splicing import (
    after_colon,
    dedented,
    flow,
    hanging,
    with_entry,
    with_item,
    with_key,
    with_value,
    with_written,
    without,
)
from codegen.source.write import to_yaml

__all__ = ["EditError", "Path", "append", "remove", "set_value", "set_written", "written_at"]

_BOM = "\ufeff"


def set_value(text: str, path: Path, value: Any) -> str:  # noqa: ANN401
    """Set a key of a map to a value, as `json` has it; a missing key is added after the others."""
    way, key = path[:-1], str(path[-1])

    def change(document: YamlText) -> str:
        parent = document.map_at(way)
        index = index_of(parent, key)
        if index is None:
            return with_key(document, parent, key, value)
        return with_value(document, parent, index, value)

    changed = _edit(text, change, lambda data: _put(_at(data, way), key, _data_of(value)))
    if _comments(text) - _comments(changed):
        raise EditError("it cannot be changed in place: a comment would be lost")
    return changed


def set_written(text: str, path: Path, written: str) -> str:
    """Set a key of a map to YAML from `written_at`, with its comments."""
    way, key = path[:-1], str(path[-1])
    written = re.sub(r"\r\n?", "\n", written).strip("\n")
    if written.startswith(("|", ">")):
        written = hanging(written)
    node = compose(written + "\n")
    if node is None:
        raise EditError("there is no value")

    def change(document: YamlText) -> str:
        parent = document.map_at(way)
        index = index_of(parent, key)
        if index is None:
            return with_entry(document, parent, f"{to_yaml(key).strip()}:{after_colon(node, written)}\n")
        return with_written(document, parent, index, node, written)

    return _edit(text, change, lambda data: _put(_at(data, way), key, _data(node)))


def written_at(text: str, path: Path) -> str:
    """The YAML of a key's value in the text; a block is moved to the left margin. Raises an EditError without one."""
    document = YamlText.read(text.removeprefix(_BOM))
    parent = document.map_at(path[:-1])
    key, node = parent.value[position_of(parent, path[-1])]
    start, end = document.span_of_value(key, node)
    if is_block(node):
        return dedented(document.text[document.start_of_line(start) : end], node.start_mark.column)
    return hanging(document.text[start:end])


def append(text: str, path: Path, value: Any) -> str:  # noqa: ANN401
    """Add an item, as `json` has it, to the end of a list; a missing, empty or null list is created."""
    parent = YamlText.read(text.removeprefix(_BOM)).map_at(path[:-1])
    index = index_of(parent, str(path[-1]))
    items = None if index is None else parent.value[index][1]
    if not isinstance(items, yaml.SequenceNode) or not items.value:
        return set_value(text, path, [value])
    return _edit(
        text,
        lambda document: with_item(document, document.collection_at(path), value),
        lambda data: _at(data, path).append(_data_of(value)),
    )


def remove(text: str, path: Path) -> str:
    """Remove a key of a map or an item of a list, with its comments (see `Layout`).

    A list or map without others stays as `[]` or `{}`.
    """
    way, last = path[:-1], path[-1]

    def change(document: YamlText) -> str:
        parent = document.collection_at(way)
        return without(document, parent, position_of(parent, last))

    def expect(data: Any) -> None:  # noqa: ANN401
        parent = _at(data, way)
        if isinstance(last, int):
            del parent[last]
        else:
            parent[:] = [pair for pair in parent if pair[0] != _data_of(last)]

    return _edit(text, change, expect)


def _comments(text: str) -> Counter[str]:
    return Counter(comment.text for comment in read_layout(text.removeprefix(_BOM)).comments.values())


def _edit(text: str, change: Callable[[YamlText], str], expect: Callable[[Any], None]) -> str:
    """The changed text, after a check that it has the expected values and no others."""
    body = text.removeprefix(_BOM)
    document = YamlText.read(body)
    wanted = _data(document.root)
    changed = change(document)
    expect(wanted)
    try:
        is_right = _data(YamlText.read(changed).root) == wanted
    except EditError:
        is_right = False
    if not is_right:
        raise EditError("it cannot be changed in place: anchors, aliases or the layout are in the way")
    return text[: len(text) - len(body)] + changed


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401
    for step in path:
        data = data[step] if isinstance(step, int) else next(value for key, value in data if key == _data_of(step))
    return data


def _put(pairs: list[Any], key: str, new: Any) -> None:  # noqa: ANN401
    name = _data_of(key)
    for pair in pairs:
        if pair[0] == name:
            pair[1] = new
            return
    pairs.append([name, new])


def _data_of(value: Any) -> Any:  # noqa: ANN401
    return _data(YamlText.read(f"key: {flow(value)}\n").root)[0][1]


def _data(node: yaml.Node) -> Any:  # noqa: ANN401
    """A node without its position: a scalar as its tag and text, a map as its pairs, a list as its items."""
    if isinstance(node, yaml.MappingNode):
        return [[_data(key), _data(value)] for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [_data(item) for item in node.value]
    return (node.tag, node.value if not node.tag.endswith(":null") else "")
