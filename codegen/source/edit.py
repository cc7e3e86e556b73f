"""Changes values in the text of a YAML file, and leaves every other character as it was: comments, order, layout.

The text is cut at the places that YAML's own parser gives, and read again afterwards: it must say just what was asked.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from codegen.source.write import to_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The way to a value: keys of maps, indexes of lists.
Path = tuple[str | int, ...]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOM = "\ufeff"
_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\]}]+)")
# The sign of a block whose empty lines at the end belong to the value.
_KEEPS_LINE_ENDS = re.compile(r"[|>][0-9]?\+")
# A key without a value in its line, and the comment that may follow.
_ENDS_WITH_COLON = re.compile(r"(:)(?:[ \t]+#[^\n]*)?\Z")
_COMMENT_ALONE = re.compile(r"[ \t]*#")


class EditError(Exception):
    """The text cannot be changed in place: the message says why, and `line` where (counted from 1)."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def set_value(text: str, path: Path, value: Any) -> str:  # noqa: ANN401
    """Give a map's key a value; a key that is missing is added behind the others.

    Args:
        text: the file's text.
        path: the way to the key, which ends with its name.
        value: what it should be, as `json` has it.

    Raises:
        EditError: that cannot be done without changing anything else.
    """
    *way, key = path

    def change(document: _Text) -> str:
        parent = document.map_at(tuple(way))
        index = _index_of(parent, str(key))
        if index is None:
            return document.with_key(parent, str(key), value)
        return document.with_value(parent, index, value)

    changed = _edit(text, change, lambda data: _set(_at(data, tuple(way)), str(key), value))
    if Counter(_comments(text)) - Counter(_comments(changed)):
        raise EditError("it cannot be changed in place: a comment would be lost")
    return changed


def set_written(text: str, path: Path, written: str) -> str:
    """Give a map's key a value that is YAML already: it stands there as it was written, with its comments.

    Args:
        text: the file's text.
        path: the way to the key, which ends with its name.
        written: the value, as `written_at` gives it.

    Raises:
        EditError: that is no YAML, or it cannot be done without changing anything else.
    """
    *way, key = path
    written = re.sub(r"\r\n?", "\n", written).strip("\n")
    if written.startswith(("|", ">")):
        written = _hanging(written)
    node = _compose(written + "\n")
    if node is None:
        raise EditError("there is no value")

    def change(document: _Text) -> str:
        parent = document.map_at(tuple(way))
        index = _index_of(parent, str(key))
        if index is None:
            column = parent.value[0][0].start_mark.column if parent.value else 0
            name = to_yaml(str(key)).strip()
            return document.with_entry(parent, _indented(f"{name}:{_behind_key(node, written)}\n", column))
        return document.with_written(parent, index, node, written)

    return _edit(text, change, lambda data: _put(_at(data, tuple(way)), str(key), _data(node)))


def written_at(text: str, path: Path) -> str:
    """The value of a map's key as it stands in the text, less what it is indented by.

    Raises:
        EditError: there is none.
    """
    *way, key = path
    document = _Text.read(text.removeprefix(_BOM))
    parent = document.map_at(tuple(way))
    return document.written(*parent.value[_position(parent, key)])


def append(text: str, path: Path, value: Any) -> str:  # noqa: ANN401
    """Put an item at the end of a list; a list that is missing, empty or null is begun.

    Args:
        text: the file's text.
        path: the way to the list, which ends with its key.
        value: the item, as `json` has it.

    Raises:
        EditError: that cannot be done without changing anything else.
    """
    *way, key = path
    parent = _Text.read(text.removeprefix(_BOM)).map_at(tuple(way))
    index = _index_of(parent, str(key))
    items = None if index is None else parent.value[index][1]
    if not isinstance(items, yaml.SequenceNode) or not items.value:
        return set_value(text, path, [value])
    return _edit(
        text,
        lambda document: document.with_item(document.collection_at(path), value),
        lambda data: _at(data, path).append(_data_of(value)),
    )


def remove(text: str, path: Path) -> str:
    """Take away a map's key or a list's item, with the comments that belong to it.

    Those are the ones directly above it that are not indented further, and those directly below it that are.
    A list or map that is empty then is written as such.

    Args:
        text: the file's text.
        path: the way to it.

    Raises:
        EditError: there is none, or it cannot be done without changing anything else.
    """
    *way, last = path

    def change(document: _Text) -> str:
        parent = document.collection_at(tuple(way))
        return document.without(parent, _position(parent, last))

    def expect(data: Any) -> None:  # noqa: ANN401
        parent = _at(data, tuple(way))
        if isinstance(last, int):
            del parent[last]
        else:
            parent[:] = [pair for pair in parent if pair[0] != _data_of(last)]

    return _edit(text, change, expect)


def _comments(text: str) -> list[str]:
    document = _Text.read(text.removeprefix(_BOM))
    return document.comments(0, len(document.text), document.root)


def _edit(text: str, change: Callable[[_Text], str], expect: Callable[[Any], None]) -> str:
    """The changed text, after seeing that it says what it should and nothing else."""
    body = text.removeprefix(_BOM)
    document = _Text.read(body)
    wanted = _data(document.root)
    changed = change(document)
    expect(wanted)
    try:
        is_right = _data(_Text.read(changed).root) == wanted
    except EditError:
        is_right = False
    if not is_right:
        raise EditError("it cannot be changed in place: anchors, aliases or the layout are in the way")
    return text[: len(text) - len(body)] + changed


@dataclass(frozen=True)
class _Text:
    """A text with its nodes."""

    text: str
    root: yaml.Node

    @classmethod
    def read(cls, text: str) -> _Text:
        root = _compose(text)
        if root is None or root.tag.endswith(":null"):
            # A file without a value becomes a map with its first key.
            end = root.end_mark if root else None
            root = yaml.MappingNode("tag:yaml.org,2002:map", [], end, end, flow_style=False)
        return cls(text, root)

    def collection_at(self, path: Path) -> yaml.CollectionNode:
        """The map or list at the end of a path."""
        node = self.root
        for step in path:
            value = node.value[_position(node, step)]
            node = value[1] if isinstance(node, yaml.MappingNode) else value
        if not isinstance(node, yaml.CollectionNode):
            raise EditError("this is not a map or a list", node.start_mark.line + 1)
        return node

    def map_at(self, path: Path) -> yaml.MappingNode:
        """The map at the end of a path."""
        node = self.collection_at(path)
        if not isinstance(node, yaml.MappingNode):
            raise EditError("this is not a map", node.start_mark.line + 1)
        return node

    def comments(self, start: int, end: int, node: yaml.Node) -> list[str]:
        """The comments in a part of the text: what follows a `#` where no scalar of the node stands."""
        masked = list(self.text)
        for scalar in _scalars(node):
            first, last = scalar.start_mark.index, self._end(scalar)
            if scalar.style in {"|", ">"}:
                first = self._end_of_line(first)
            masked[first:last] = "." * (last - first)
        return [comment.rstrip() for comment in re.findall(r"#[^\r\n]*", "".join(masked[start:end]))]

    @property
    def line_end(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def with_value(self, parent: yaml.MappingNode, index: int, value: Any) -> str:  # noqa: ANN401
        """The value of a key replaced."""
        key, node = parent.value[index]
        start, end = self._span_of_value(key, node)
        if isinstance(value, str) and isinstance(node, yaml.ScalarNode) and node.style in {"'", '"'}:
            return self._spliced(start, end, _in_quotes(value, node.style))
        if parent.flow_style:
            return self._spliced(start, end, _flow(value))
        is_collection = bool(value) and isinstance(value, (list, dict))
        if not is_collection and "\n" not in _block(value) and "\n" not in self.text[key.end_mark.index : end]:
            return self._spliced(start, end, _block(value))
        column = key.start_mark.column
        entry = _indented(to_yaml({key.value: value}), column).strip()
        if is_collection and start == end:
            # Behind the comment that may stand where the value was missing.
            return self._with_lines(self._end_of_line(end), entry.partition("\n")[2] + "\n")
        # What has several lines, or had them, is written as a whole entry, below the comments that stood in it.
        above = "".join(f"{comment}\n{' ' * column}" for comment in self.comments(key.end_mark.index, end, node))
        rest = self.text[end:]
        behind = "" if rest[:1] in {"", "\r", "\n", " "} else "\n"
        return self._spliced(key.start_mark.index, end, above + entry + behind)

    def with_key(self, parent: yaml.MappingNode, key: str, value: Any) -> str:  # noqa: ANN401
        """A new key behind the others."""
        if parent.flow_style:
            return self.with_entry(parent, to_yaml({key: value}, flow=True).strip()[1:-1])
        column = parent.value[0][0].start_mark.column if parent.value else 0
        return self.with_entry(parent, _indented(to_yaml({key: value}), column))

    def with_entry(self, parent: yaml.MappingNode, entry: str) -> str:
        """A new key and its value behind the others: lines that are indented, or what stands between braces."""
        if parent.flow_style:
            separator = ", " if parent.value else ""
            end = self._end(parent.value[-1][1], parent.value[-1][0]) if parent.value else parent.start_mark.index + 1
            return self._spliced(end, end, separator + entry.strip())
        end = self._end_of_line(self._end(parent)) if parent.value else len(self.text)
        return self._with_lines(end, entry)

    def written(self, key: yaml.Node, node: yaml.Node) -> str:
        """The value of a key as it stands there; a block has its lines as they would be at the left margin."""
        start, end = self._span_of_value(key, node)
        if _is_block(node):
            start = self._start_of_line(start)
            return _dedented(self.text[start:end], node.start_mark.column)
        return _hanging(self.text[start:end])

    def with_written(self, parent: yaml.MappingNode, index: int, new: yaml.Node, written: str) -> str:
        """The value of a key replaced by what is YAML already."""
        key, node = parent.value[index]
        start, end = self._span_of_value(key, node)
        column = key.start_mark.column
        if parent.flow_style:
            return self._spliced(start, end, written)
        behind_key = _indented(_behind_key(new, written), column)
        if start == end and _is_block(new):
            # Behind the comment that may stand where the value was missing.
            return self._with_lines(self._end_of_line(end), behind_key[1:] + "\n")
        between = self.text[key.end_mark.index : start]
        if start == end:
            return self._spliced(start, end, behind_key.lstrip(" "))
        if between.strip() == ":" and not (_is_block(node) and _is_block(new)):
            return self._spliced(key.end_mark.index + between.index(":") + 1, end, behind_key)
        # It stands in lines of its own, perhaps below a comment.
        depth = node.start_mark.column if type(node) is type(new) else column + 2
        return self._spliced(self._start_of_line(start), end, _indented(written, depth))

    def with_item(self, items: yaml.CollectionNode, value: Any) -> str:  # noqa: ANN401
        """A new item behind the others, of which there must be one."""
        end = self._end(items.value[-1])
        if items.flow_style:
            return self._spliced(end, end, ", " + _flow(value))
        return self._with_lines(self._end_of_line(end), _indented(to_yaml([value]), items.start_mark.column))

    def without(self, parent: yaml.CollectionNode, index: int) -> str:
        """One entry or item less."""
        children = _children(parent)
        if parent.flow_style:
            return self._without_in_flow(children, index)
        if len(children) == 1:
            return self._emptied(parent)
        first = children[index][0]
        place = self._dash_or_key(parent, first)
        column = place - self._start_of_line(place)
        # Above the first there is nothing that a comment which is indented further could belong to.
        start = self._with_comments_above(self._start_of_line(place), column if index else len(self.text))
        if index == 0 and self._line_before(parent, first).strip():
            # The first key stands behind the dash of an item: the next takes its place.
            following = children[1][0].start_mark.index
            return self._spliced(first.start_mark.index, following, "")
        end = self._with_comments_below(self._end_of_line(self._end(*reversed(children[index]))), column)
        return self._spliced(start, self._without_second_gap(start, end), "")

    def _without_second_gap(self, start: int, end: int) -> int:
        """Where to stop cutting so that of the empty lines before and behind it one is left, or none at a start."""
        above = self.text[self._start_of_line(start - 1) : start].strip() if start else ""
        below = self.text[end : self._end_of_line(end)]
        return self._end_of_line(end) if (not above or above.endswith(":")) and below and not below.strip() else end

    def _emptied(self, parent: yaml.CollectionNode) -> str:
        """The last entry gone: `[]` or `{}` behind the key that the collection belongs to."""
        empty = "[]" if isinstance(parent, yaml.SequenceNode) else "{}"
        line = self._start_of_line(parent.start_mark.index)
        start = self._with_comments_above(line, len(self.text))
        end = self._with_comments_below(self._end_of_line(self._end(parent)), parent.start_mark.index - line)
        above = self.text[:start].rstrip()
        colon = _ENDS_WITH_COLON.search(above)
        if parent is self.root or not colon:
            raise EditError("its last entry cannot be removed in place", parent.start_mark.line + 1)
        return self.text[: colon.end(1)] + f" {empty}" + self.text[colon.end(1) : start] + self.text[end:]

    def _without_in_flow(self, children: list[tuple[yaml.Node, ...]], index: int) -> str:
        start = children[index][0].start_mark.index
        end = self._end(*reversed(children[index]))
        if index + 1 < len(children):
            return self._spliced(start, children[index + 1][0].start_mark.index, "")
        if index:
            return self._spliced(self._end(*reversed(children[index - 1])), end, "")
        return self._spliced(start, end, "")

    def _dash_or_key(self, parent: yaml.CollectionNode, first: yaml.Node) -> int:
        if isinstance(parent, yaml.MappingNode):
            return int(first.start_mark.index)
        return self.text.rindex("-", 0, first.start_mark.index + 1)

    def _line_before(self, parent: yaml.CollectionNode, first: yaml.Node) -> str:
        place = self._dash_or_key(parent, first)
        return self.text[self._start_of_line(place) : place]

    def _span_of_value(self, key: yaml.Node, node: yaml.Node) -> tuple[int, int]:
        after_key = key.end_mark.index
        if node.start_mark.index < after_key:
            alias = _ALIAS.match(self.text, after_key)
            if alias is None:
                raise EditError("this value cannot be changed in place", key.start_mark.line + 1)
            return alias.span(1)
        return node.start_mark.index, self._end(node, key)

    def _end(self, node: yaml.Node, key: yaml.Node | None = None) -> int:
        """Where a value ends; a collection in block style ends with the last thing in it, before comments."""
        if key is not None and node.start_mark.index < key.end_mark.index:
            return self._span_of_value(key, node)[1]
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            return self._end(*reversed(_children(node)[-1]))
        start, end = node.start_mark.index, node.end_mark.index
        if _KEEPS_LINE_ENDS.match(self.text, start) and isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
            return start + len(self.text[start:end].removesuffix("\n"))
        return start + len(self.text[start:end].rstrip())

    def _start_of_line(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _end_of_line(self, index: int) -> int:
        """Behind the line end; comments behind the value belong to its line."""
        found = self.text.find("\n", index)
        return found + 1 if found >= 0 else len(self.text)

    def _with_comments_above(self, start: int, column: int) -> int:
        while start:
            above = self._start_of_line(start - 1)
            if self._indent_of_comment(above) not in range(column + 1):
                break
            start = above
        return start

    def _with_comments_below(self, end: int, column: int) -> int:
        while self._indent_of_comment(end) > column:
            end = self._end_of_line(end)
        return end

    def _indent_of_comment(self, start: int) -> int:
        """How far the comment that is alone in that line is indented; -1 where there is none."""
        match = _COMMENT_ALONE.match(self.text, start)
        return len(match[0]) - 1 if match else -1

    def _with_lines(self, index: int, lines: str) -> str:
        missing = "\n" if index and self.text[index - 1] != "\n" else ""
        return self._spliced(index, index, missing + lines)

    def _spliced(self, start: int, end: int, new: str) -> str:
        if start == end and self.text[start - 1 : start] == ":" and not new.startswith("\n"):
            new = " " + new
        return self.text[:start] + new.replace("\n", self.line_end) + self.text[end:]


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise EditError(error.problem or "it is no YAML", mark.line + 1 if mark else 1) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise EditError("it is no YAML") from error
    finally:
        loader.dispose()
    return node


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)


def _behind_key(node: yaml.Node, written: str) -> str:
    """What follows the colon of a key in the first column."""
    if _is_block(node):
        return "\n" + (written if isinstance(node, yaml.SequenceNode) else _indented(written, 2))
    return f" {_hanging(written)}"


def _hanging(text: str) -> str:
    """A text of which all lines but the first are indented, by two columns or more."""
    first, line_end, others = text.partition("\n")
    depths = [len(line) - len(line.lstrip(" ")) for line in others.splitlines() if line.strip()]
    return first + line_end + _indented(_dedented(others, min(depths, default=0)), 2)


def _dedented(text: str, column: int) -> str:
    """The lines moved to the left, as far as nothing but space stands there."""
    return re.sub(rf"(?m)^ {{0,{column}}}", "", text)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.CollectionNode):
        for child in _children(node):
            for part in child:
                yield from _scalars(part)


def _children(node: yaml.CollectionNode) -> list[tuple[yaml.Node, ...]]:
    """The entries of a map as key and value, the items of a list alone."""
    return [child if isinstance(child, tuple) else (child,) for child in node.value]


def _index_of(parent: yaml.MappingNode, key: str) -> int | None:
    return next((i for i, (name, _) in enumerate(parent.value) if name.value == key), None)


def _position(parent: yaml.Node, step: str | int) -> int:
    found = None
    if isinstance(step, str) and isinstance(parent, yaml.MappingNode):
        found = _index_of(parent, step)
    elif isinstance(step, int) and isinstance(parent, yaml.SequenceNode) and step < len(parent.value):
        found = step
    if found is None:
        raise EditError(f"there is no {step!r} to change", parent.start_mark.line + 1)
    return found


def _block(value: Any) -> str:  # noqa: ANN401
    return to_yaml(value).strip("\n")


def _flow(value: Any) -> str:  # noqa: ANN401
    return to_yaml([value], flow=True).strip()[1:-1]


def _in_quotes(value: str, style: str) -> str:
    """The text in the quotes that stood there, where those can say it."""
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style == '"' and value.isprintable() and not re.search(r'["\\]', value):
        return f'"{value}"'
    return _flow(value)


def _indented(text: str, column: int) -> str:
    return "".join(" " * column + line if line.strip() else line for line in text.splitlines(keepends=True))


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401
    for step in path:
        data = data[step] if isinstance(step, int) else next(value for key, value in data if key == _data_of(step))
    return data


def _set(pairs: list[Any], key: str, value: Any) -> None:  # noqa: ANN401
    _put(pairs, key, _data_of(value))


def _put(pairs: list[Any], key: str, new: Any) -> None:  # noqa: ANN401
    name = _data_of(key)
    for pair in pairs:
        if pair[0] == name:
            pair[1] = new
            return
    pairs.append([name, new])


def _data_of(value: Any) -> Any:  # noqa: ANN401
    return _data(_Text.read(f"key: {_flow(value)}\n").root)[0][1]


def _data(node: yaml.Node) -> Any:  # noqa: ANN401
    """What a node says, without its place: a scalar as its tag and text, a map as its pairs, a list as its items."""
    if isinstance(node, yaml.MappingNode):
        return [[_data(key), _data(value)] for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [_data(item) for item in node.value]
    return (node.tag, node.value if not node.tag.endswith(":null") else "")
