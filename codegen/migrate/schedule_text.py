"""Writes the keys of an imported schedule as YAML, with the comments that they have in meltano.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codegen.migrate.items import Item
from codegen.secrets.detection import is_sensitive
from codegen.source.comments import Comment
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null
from codegen.source.write import to_yaml


def lines_of(item: Item, node: MapNode, entries: Mapping[str, Entry]) -> list[str]:
    """Return the lines of the converted keys, in the order of meltano.yml; comments with a secret are left out.

    Args:
        item: the item, for its comments.
        node: the item's keys.
        entries: the converted keys.
    """
    comments = {comment.line: comment for comment in item.inside if not is_sensitive("", comment.text)}
    lines = [comment.text for comment in item.above if not is_sensitive("", comment.text)]
    for key, original in node.entries.items():
        lines += _comments_before(original, comments)
        if key == "env" and isinstance(original.value, MapNode):
            lines += _env(original, original.value, entries.get(key), comments)
        elif key == "job" and "tasks" in entries:
            lines += _entry("tasks", original, entries["tasks"].value, comments)
        # Without `transform`, a schedule skips it.
        elif key in entries and not (key == "transform" and _text(entries[key].value) == "skip"):
            lines += _entry(key, original, entries[key].value, comments)
    return [*lines, *_pop(comments, lambda _: True)]


def _env(entry: Entry, variables: MapNode, converted: Entry | None, comments: dict[int, Comment]) -> list[str]:
    first_line = min((variable.key_location.line for variable in variables.entries.values()), default=0)
    trailing = _trailing_comment(entry, comments, first_line)
    values = converted.value.entries if converted and isinstance(converted.value, MapNode) else {}
    lines: list[str] = []
    for name, variable in variables.entries.items():
        lines += _comments_before(variable, comments)
        if name in values:
            lines += _entry(name, variable, values[name].value, comments)
        elif not is_null(variable.value) and is_sensitive(name, _text(variable.value)):
            lines.append(f"# {name} is not copied: it looks like a secret. Set it in the environment of the workers.")
    lines += _pop(comments, lambda comment: comment.is_alone and comment.column > entry.key_location.column)
    if not values:
        return [*trailing, *lines]
    return ["  ".join(["env:", *trailing]), *(f"  {line}" if line else line for line in lines)]


def _entry(key: str, original: Entry, value: Node, comments: dict[int, Comment]) -> list[str]:
    """Return the lines of a key with its value and its trailing comment."""
    if isinstance(value, Scalar) and value.kind == "timestamp":
        lines = [f"{key}: {value.text}"]
    else:
        data = [_text(each) for each in value.items] if isinstance(value, ListNode) else _text(value)
        lines = to_yaml({key: data}).splitlines()
    trailing = _trailing_comment(original, comments)
    return ["  ".join([*lines, *trailing])] if len(lines) == 1 else [*trailing, *lines]


def _trailing_comment(entry: Entry, comments: dict[int, Comment], following: int = 0) -> list[str]:
    """Return the comment in the key's line or the value's first line, unless the following key is also in that line."""
    first = entry.key_location.line
    last = max(first, entry.value.location.line if isinstance(entry.value, Scalar) else 0)
    if first <= following <= last:
        return []
    return _pop(comments, lambda comment: not comment.is_alone and first <= comment.line <= last)[:1]


def _comments_before(entry: Entry, comments: dict[int, Comment]) -> list[str]:
    # A key from an alias is above the item, so no comment of the item is before it.
    return _pop(comments, lambda comment: comment.line < entry.key_location.line)


def _pop(comments: dict[int, Comment], is_wanted: Callable[[Comment], bool]) -> list[str]:
    """Remove the wanted comments from those not yet written, and return their texts."""
    return [comments.pop(comment.line).text for comment in list(comments.values()) if is_wanted(comment)]


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""
