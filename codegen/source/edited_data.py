"""Computes the values that a YAML text must have after its edits.

A map is a list of pairs, since a key may occur twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import yaml

from codegen.source.edits import Append, Edit, Remove, Set, SetWritten
from codegen.source.fragments import flow
from codegen.source.positions import Path, YamlText


def make_edits(data: Any, edits: Sequence[Edit]) -> None:  # noqa: ANN401
    """Apply the edits to the data of a text."""
    parents = [_at(data, edit.path[:-1]) for edit in edits]
    removed: dict[int, tuple[list[Any], list[str | int]]] = {}
    for edit, parent in zip(edits, parents, strict=True):
        last = edit.path[-1]
        match edit:
            case Set():
                _put(parent, str(last), _data_of(edit.value))
            case SetWritten():
                _put(parent, str(last), data_of_node(edit.node))
            case Append():
                _put_item(parent, str(last), _data_of(edit.item.value))
            case Remove():
                removed.setdefault(id(parent), (parent, []))[1].append(last)
    for parent, steps in removed.values():
        indexes = {step for step in steps if isinstance(step, int)}
        names = [_key(step) for step in steps if isinstance(step, str)]
        parent[:] = [each for n, each in enumerate(parent) if n not in indexes and not (names and each[0] in names)]


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401
    for step in path:
        data = data[step] if isinstance(step, int) else next(value for key, value in data if key == _key(step))
    return data


def _put(pairs: list[Any], key: str, new: Any) -> None:  # noqa: ANN401
    name = _key(key)
    for pair in pairs:
        if pair[0] == name:
            pair[1] = new
            return
    pairs.append([name, new])


def _put_item(pairs: list[Any], key: str, item: Any) -> None:  # noqa: ANN401
    name = _key(key)
    found = next((value for each, value in pairs if each == name), None)
    if isinstance(found, list):
        found.append(item)
    else:
        _put(pairs, key, [item])


@lru_cache(maxsize=1000)
def _key(name: str) -> Any:  # noqa: ANN401
    return _data_of(name)


def _data_of(value: Any) -> Any:  # noqa: ANN401
    return data_of_node(YamlText.read(f"key: {flow(value)}\n").root)[0][1]


def data_of_node(node: yaml.Node) -> Any:  # noqa: ANN401
    """Convert a node to data: a scalar to its tag and text, a map to its pairs, a list to its items."""
    if isinstance(node, yaml.MappingNode):
        return [[data_of_node(key), data_of_node(value)] for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [data_of_node(item) for item in node.value]
    return (node.tag, node.value if not node.tag.endswith(":null") else "")
