"""Creates the splices that change, add or remove values in a YAML text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from operator import sub
from typing import Any, NamedTuple

import yaml

from codegen.source.edits import NewItem
from codegen.source.fragments import after_colon, block_of, flow, in_quotes, indented
from codegen.source.positions import EditError, YamlText, children_of, is_block
from codegen.source.write import to_yaml

# The colon of a key without a value, before a comment on the same line.
_COMMENT_AFTER_COLON = re.compile(r":(?=[ \t]+#)")


class Splice(NamedTuple):
    """A range of a text, and its replacement."""

    start: int
    end: int
    new: str


def spliced(doc: YamlText, splices: Iterable[Splice]) -> str:
    """Apply splices to the text; splices at the same position keep their order.

    Raises:
        EditError: two splices overlap.
    """
    parts, position = list[str](), 0
    for start, end, new in sorted(splices, key=lambda each: each[:2]):
        if start < position:
            raise EditError("two changes overlap")
        is_second_at_the_end = start == len(doc.text) == position and parts and parts[-1].endswith("\n")
        parts += [doc.text[position:start], new.removeprefix(doc.line_end) if is_second_at_the_end else new]
        position = end
    return "".join([*parts, doc.text[position:]])


def with_value(doc: YamlText, parent: yaml.MappingNode, index: int, value: Any, entry: str = "") -> Splice:  # noqa: ANN401
    """Replace the value of a key; `entry` is the key and the value as YAML at the left margin."""
    key, node = parent.value[index]
    start, end = doc.span_of_value(key, node)
    if isinstance(value, str) and isinstance(node, yaml.ScalarNode) and node.style in {"'", '"'}:
        return _splice(doc, start, end, in_quotes(value, node.style))
    if parent.flow_style:
        return _splice(doc, start, end, flow(value))
    is_collection = bool(value) and isinstance(value, (list, dict))
    block = to_yaml(value).strip("\n")
    if not is_collection and "\n" not in block and "\n" not in doc.text[key.end_mark.index : end]:
        return _splice(doc, start, end, block)
    column = key.start_mark.column
    entry = indented(entry or to_yaml({key.value: value}), column).strip()
    if is_collection and start == end:
        # After the comment that may follow the key.
        return _with_lines(doc, doc.end_of_line(end), entry.partition("\n")[2] + "\n")
    # If the old or the new value has several lines, the whole entry is replaced, below the comments in the old value.
    comments = doc.layout.comments_in(key.end_mark.index, end)
    above = "".join(f"{comment.text}\n{' ' * column}" for comment in comments)
    below = "" if doc.text[end : end + 1] in {"", "\r", "\n", " "} else "\n"
    return _splice(doc, key.start_mark.index, end, above + entry + below)


def with_written(doc: YamlText, parent: yaml.MappingNode, index: int, new: yaml.Node, written: str) -> Splice:
    """Replace the value of a key by YAML."""
    key, node = parent.value[index]
    start, end = doc.span_of_value(key, node)
    column = key.start_mark.column
    if parent.flow_style:
        return _splice(doc, start, end, written)
    after_key = indented(after_colon(new, written), column)
    if start == end and is_block(new):
        # After the comment that may follow the key.
        return _with_lines(doc, doc.end_of_line(end), after_key[1:] + "\n")
    if start == end:
        return _splice(doc, start, end, after_key.lstrip(" "))
    between = doc.text[key.end_mark.index : start]
    if between.strip() == ":" and not (is_block(node) and is_block(new)):
        return _splice(doc, key.end_mark.index + between.index(":") + 1, end, after_key)
    # The value has its own lines, perhaps below a comment.
    depth = node.start_mark.column if type(node) is type(new) else column + 2
    return _splice(doc, doc.start_of_line(start), end, indented(written, depth))


def with_keys(doc: YamlText, parent: yaml.MappingNode, added: Mapping[str, Any]) -> Splice:
    """Add keys after the others."""
    return with_entry(doc, parent, flow(added)[1:-1] if parent.flow_style else to_yaml(added))


def with_entry(doc: YamlText, parent: yaml.MappingNode, entry: str) -> Splice:
    """Add a key and its value after the others; `entry` is lines, or text inside braces."""
    if parent.flow_style:
        separator = ", " if parent.value else ""
        end = doc.end_of(*reversed(parent.value[-1])) if parent.value else parent.start_mark.index + 1
        return _splice(doc, end, end, separator + entry.strip())
    if not parent.value:
        return _with_lines(doc, len(doc.text), entry)
    return _with_lines(doc, doc.end_of_line(doc.end_of(parent)), indented(entry, parent.value[0][0].start_mark.column))


def with_items(doc: YamlText, items: yaml.CollectionNode, added: Sequence[NewItem]) -> Splice:
    """Append items to a list that is not empty; a flow list drops their comments."""
    end = doc.end_of(items.value[-1])
    if items.flow_style:
        return _splice(doc, end, end, "".join(f", {flow(item.value)}" for item in added))
    return _with_lines(doc, doc.end_of_line(end), indented(block_of(added), items.start_mark.column))


def without(doc: YamlText, parent: yaml.CollectionNode, indexes: Collection[int]) -> list[Splice]:
    """Remove entries or items by their sorted indexes."""
    children = children_of(parent)
    runs = [[index for _, index in run] for _, run in groupby(enumerate(indexes), key=lambda pair: sub(*pair))]
    if parent.flow_style:
        return [_without_in_flow(doc, children, run[0], run[-1]) for run in runs]
    if len(children) == len(indexes):
        return _emptied(doc, parent)
    place = doc.dash_or_key(parent, children[0][0])
    if runs[0][0] == 0 and doc.text[doc.start_of_line(place) : place].strip():
        # The first key follows the dash of an item, so the next remaining key moves there.
        head = runs.pop(0)
        start, end = (children[index][0].start_mark.index for index in (0, head[-1] + 1))
        return [
            _splice(doc, start, end, ""),
            *(_without_one(doc, parent, index) for run in runs for index in run),
        ]
    return [_without_one(doc, parent, index) for index in indexes]


def lines_of_item(doc: YamlText, parent: yaml.CollectionNode, index: int) -> tuple[int, int]:
    """Return where the lines of an entry or an item in block style start and end, including its comments."""
    children = children_of(parent)
    place = doc.dash_or_key(parent, children[index][0])
    line = doc.start_of_line(place)
    previous = doc.dash_or_key(parent, children[index - 1][0]) if index else None
    return _with_comments(doc, line, doc.end_of(*reversed(children[index])), place - line, previous)


def _without_one(doc: YamlText, parent: yaml.CollectionNode, index: int) -> Splice:
    start, end = lines_of_item(doc, parent, index)
    return _splice(doc, start, _without_second_gap(doc, start, end), "")


def _with_comments(doc: YamlText, line: int, end: int, column: int, previous: int | None = None) -> tuple[int, int]:
    """Return the range of an entry including its comments, given the start of the previous entry."""
    layout = doc.layout
    first = layout.line_at(line)
    above = layout.first_above(first, 0 if previous is None else layout.last_line(layout.line_at(previous), column + 1))
    last = layout.last_line(first, column + 1)
    below = layout.begins[last] if last < len(layout.begins) else len(doc.text)
    return layout.begins[above - 1], max(doc.end_of_line(end), below)


def _without_second_gap(doc: YamlText, start: int, end: int) -> int:
    """Return the end of a cut that leaves at most one empty line, and none at the start of a collection."""
    above = doc.text[doc.start_of_line(start - 1) : start].strip() if start else ""
    below = doc.text[end : doc.end_of_line(end)]
    return doc.end_of_line(end) if (not above or above.endswith(":")) and below and not below.strip() else end


def _emptied(doc: YamlText, parent: yaml.CollectionNode) -> list[Splice]:
    """Remove all entries: `[]` or `{}` stays after the key of the collection."""
    empty = "[]" if isinstance(parent, yaml.SequenceNode) else "{}"
    children = children_of(parent)
    line = doc.start_of_line(parent.start_mark.index)
    start, end = _with_comments(doc, line, doc.end_of(*reversed(children[0])), parent.start_mark.index - line)
    above = doc.text[:start].rstrip()
    # The first match counts: the comment can contain others.
    comment = _COMMENT_AFTER_COLON.search(above, above.rfind("\n") + 1)
    colon = comment.end() if comment else len(above)
    if parent is doc.root or not above[:colon].endswith(":"):
        raise EditError("its last entry cannot be removed in place", parent.start_mark.line + 1)
    others = [_without_one(doc, parent, index) for index in range(1, len(children))]
    return [Splice(colon, colon, f" {empty}"), Splice(start, end, ""), *others]


def _without_in_flow(doc: YamlText, children: list[tuple[yaml.Node, ...]], first: int, last: int) -> Splice:
    start, end = children[first][0].start_mark.index, doc.end_of(*reversed(children[last]))
    if last + 1 < len(children):
        end = children[last + 1][0].start_mark.index
    elif first:
        start = doc.end_of(*reversed(children[first - 1]))
    return _splice(doc, start, end, "")


def _with_lines(doc: YamlText, index: int, lines: str) -> Splice:
    missing = "\n" if index and doc.text[index - 1] != "\n" else ""
    return _splice(doc, index, index, missing + lines)


def _splice(doc: YamlText, start: int, end: int, new: str) -> Splice:
    if start == end and doc.text[start - 1 : start] == ":" and not new.startswith("\n"):
        new = " " + new
    return Splice(start, end, new.replace("\n", doc.line_end))
