"""A YAML text with one value changed, added or removed: the text is cut at the positions of its nodes."""

from __future__ import annotations

import re
from typing import Any

import yaml

from codegen.source.positions import EditError, YamlText, children_of, is_block
from codegen.source.write import to_yaml

# A key without a value in its line, and the comment that may follow.
_ENDS_WITH_COLON = re.compile(r"(:)(?:[ \t]+#[^\n]*)?\Z")


def with_value(doc: YamlText, parent: yaml.MappingNode, index: int, value: Any) -> str:  # noqa: ANN401
    """Replace the value of a key."""
    key, node = parent.value[index]
    start, end = doc.span_of_value(key, node)
    if isinstance(value, str) and isinstance(node, yaml.ScalarNode) and node.style in {"'", '"'}:
        return _spliced(doc, start, end, _in_quotes(value, node.style))
    if parent.flow_style:
        return _spliced(doc, start, end, flow(value))
    is_collection = bool(value) and isinstance(value, (list, dict))
    block = to_yaml(value).strip("\n")
    if not is_collection and "\n" not in block and "\n" not in doc.text[key.end_mark.index : end]:
        return _spliced(doc, start, end, block)
    column = key.start_mark.column
    entry = indented(to_yaml({key.value: value}), column).strip()
    if is_collection and start == end:
        # After the comment that may follow the key.
        return _with_lines(doc, doc.end_of_line(end), entry.partition("\n")[2] + "\n")
    # A value that has or had several lines is written as a whole entry, below the comments in the old one.
    comments = [c.text for c in doc.layout.comments.values() if key.end_mark.index <= c.index < end]
    above = "".join(f"{comment}\n{' ' * column}" for comment in comments)
    below = "" if doc.text[end : end + 1] in {"", "\r", "\n", " "} else "\n"
    return _spliced(doc, key.start_mark.index, end, above + entry + below)


def with_written(doc: YamlText, parent: yaml.MappingNode, index: int, new: yaml.Node, written: str) -> str:
    """Replace the value of a key by YAML."""
    key, node = parent.value[index]
    start, end = doc.span_of_value(key, node)
    column = key.start_mark.column
    if parent.flow_style:
        return _spliced(doc, start, end, written)
    after_key = indented(after_colon(new, written), column)
    if start == end and is_block(new):
        # After the comment that may follow the key.
        return _with_lines(doc, doc.end_of_line(end), after_key[1:] + "\n")
    if start == end:
        return _spliced(doc, start, end, after_key.lstrip(" "))
    between = doc.text[key.end_mark.index : start]
    if between.strip() == ":" and not (is_block(node) and is_block(new)):
        return _spliced(doc, key.end_mark.index + between.index(":") + 1, end, after_key)
    # The value has its own lines, perhaps below a comment.
    depth = node.start_mark.column if type(node) is type(new) else column + 2
    return _spliced(doc, doc.start_of_line(start), end, indented(written, depth))


def with_key(doc: YamlText, parent: yaml.MappingNode, key: str, value: Any) -> str:  # noqa: ANN401
    """Add a key after the others."""
    return with_entry(doc, parent, flow({key: value})[1:-1] if parent.flow_style else to_yaml({key: value}))


def with_entry(doc: YamlText, parent: yaml.MappingNode, entry: str) -> str:
    """Add a key and its value after the others: lines, or text for between braces."""
    if parent.flow_style:
        separator = ", " if parent.value else ""
        end = doc.end_of(*reversed(parent.value[-1])) if parent.value else parent.start_mark.index + 1
        return _spliced(doc, end, end, separator + entry.strip())
    if not parent.value:
        return _with_lines(doc, len(doc.text), entry)
    return _with_lines(doc, doc.end_of_line(doc.end_of(parent)), indented(entry, parent.value[0][0].start_mark.column))


def with_item(doc: YamlText, items: yaml.CollectionNode, value: Any) -> str:  # noqa: ANN401
    """Add an item after the others, of which there must be one."""
    end = doc.end_of(items.value[-1])
    if items.flow_style:
        return _spliced(doc, end, end, ", " + flow(value))
    return _with_lines(doc, doc.end_of_line(end), indented(to_yaml([value]), items.start_mark.column))


def without(doc: YamlText, parent: yaml.CollectionNode, index: int) -> str:
    """Remove an entry or an item."""
    children = children_of(parent)
    if parent.flow_style:
        return _without_in_flow(doc, children, index)
    if len(children) == 1:
        return _emptied(doc, parent)
    first = children[index][0]
    place = doc.dash_or_key(parent, first)
    line = doc.start_of_line(place)
    if index == 0 and doc.text[line:place].strip():
        # The first key follows the dash of an item: the next takes its place.
        return _spliced(doc, first.start_mark.index, children[1][0].start_mark.index, "")
    column = place - line
    previous = doc.dash_or_key(parent, children[index - 1][0]) if index else None
    start, end = _with_comments(doc, line, doc.end_of(*reversed(children[index])), column, previous)
    return _spliced(doc, start, _without_second_gap(doc, start, end), "")


def _with_comments(doc: YamlText, line: int, end: int, column: int, previous: int | None = None) -> tuple[int, int]:
    """The lines of an entry with the comments that belong to it, given the start of the entry before it."""
    layout = doc.layout
    first = layout.line_at(line)
    above = layout.first_above(first, 0 if previous is None else layout.last_line(layout.line_at(previous), column + 1))
    last = layout.last_line(first, column + 1)
    below = layout.begins[last] if last < len(layout.begins) else len(doc.text)
    return layout.begins[above - 1], max(doc.end_of_line(end), below)


def _without_second_gap(doc: YamlText, start: int, end: int) -> int:
    """The end of the cut, so that one of the empty lines before and after it stays, or none at a start."""
    above = doc.text[doc.start_of_line(start - 1) : start].strip() if start else ""
    below = doc.text[end : doc.end_of_line(end)]
    return doc.end_of_line(end) if (not above or above.endswith(":")) and below and not below.strip() else end


def _emptied(doc: YamlText, parent: yaml.CollectionNode) -> str:
    """Remove the last entry: `[]` or `{}` stays after the key of the collection."""
    empty = "[]" if isinstance(parent, yaml.SequenceNode) else "{}"
    line = doc.start_of_line(parent.start_mark.index)
    start, end = _with_comments(doc, line, doc.end_of(parent), parent.start_mark.index - line)
    above = doc.text[:start].rstrip()
    colon = _ENDS_WITH_COLON.search(above)
    if parent is doc.root or not colon:
        raise EditError("its last entry cannot be removed in place", parent.start_mark.line + 1)
    return doc.text[: colon.end(1)] + f" {empty}" + doc.text[colon.end(1) : start] + doc.text[end:]


def _without_in_flow(doc: YamlText, children: list[tuple[yaml.Node, ...]], index: int) -> str:
    start, end = children[index][0].start_mark.index, doc.end_of(*reversed(children[index]))
    if index + 1 < len(children):
        end = children[index + 1][0].start_mark.index
    elif index:
        start = doc.end_of(*reversed(children[index - 1]))
    return _spliced(doc, start, end, "")


def _with_lines(doc: YamlText, index: int, lines: str) -> str:
    missing = "\n" if index and doc.text[index - 1] != "\n" else ""
    return _spliced(doc, index, index, missing + lines)


def _spliced(doc: YamlText, start: int, end: int, new: str) -> str:
    if start == end and doc.text[start - 1 : start] == ":" and not new.startswith("\n"):
        new = " " + new
    line_end = "\r\n" if "\r\n" in doc.text else "\n"
    return doc.text[:start] + new.replace("\n", line_end) + doc.text[end:]


def after_colon(node: yaml.Node, written: str) -> str:
    """The text after the colon of a key in the first column."""
    if is_block(node):
        return "\n" + (written if isinstance(node, yaml.SequenceNode) else indented(written, 2))
    return f" {hanging(written)}"


def hanging(text: str) -> str:
    """A text of which all lines but the first are indented, by two columns or more."""
    first, line_end, others = text.partition("\n")
    depths = [len(line) - len(line.lstrip(" ")) for line in others.splitlines() if line.strip()]
    return first + line_end + indented(dedented(others, min(depths, default=0)), 2)


def dedented(text: str, column: int) -> str:
    """The lines moved to the left by so many spaces, or as many as they start with."""
    return re.sub(rf"(?m)^ {{0,{column}}}", "", text)


def indented(text: str, column: int) -> str:
    """The lines moved to the right, except blank ones."""
    return "".join(" " * column + line if line.strip() else line for line in text.splitlines(keepends=True))


def flow(value: Any) -> str:  # noqa: ANN401
    """A value on one line."""
    return to_yaml([value], flow=True).strip()[1:-1]


def _in_quotes(value: str, style: str) -> str:
    """The text in the quotes of the old value, if they can express it."""
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style == '"' and value.isprintable() and not re.search(r'["\\]', value):
        return f'"{value}"'
    return flow(value)
