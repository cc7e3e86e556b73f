"""Applies a typed list to the text of a file."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.source import edit
from codegen.source.nodes import ListNode, Node, Scalar, is_null
from codegen.source.positions import Path


def with_texts(text: str, path: Path, node: Node | None, texts: Sequence[str]) -> str:
    """Replace the list at a path, whose current node is `node`. Unchanged items keep their comments.

    Raises:
        EditError: the list cannot be changed in place.
    """
    before = [item.text for item in node.items if isinstance(item, Scalar)] if isinstance(node, ListNode) else []
    if not before:
        is_one = isinstance(node, Scalar) and len(texts) == 1 and not is_null(node)
        return edit.set_value(text, path, texts[0] if is_one else list(texts))
    left = iter(texts)
    following = next(left, None)
    removed = []
    for number, item in enumerate(before):
        if item == following:
            following = next(left, None)
        else:
            removed.append(number)
    if len(removed) == len(before):
        return edit.set_value(text, path, list(texts))
    for number in reversed(removed):
        text = edit.remove(text, (*path, number))
    for item in (*(() if following is None else (following,)), *left):
        text = edit.append(text, path, item)
    return text
