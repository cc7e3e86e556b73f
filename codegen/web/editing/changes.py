"""Changes the text of a schedule file where somebody has changed a field of the form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.schema.table import schedule_table
from codegen.source import edit
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null
from codegen.source.read import read_yaml
from codegen.web.editing.controls import Shape, lines_of


@dataclass(frozen=True)
class Edit:
    """A text after a change in the form, and why some keys could not be changed in it."""

    text: str
    problems: Mapping[str, str] = field(default_factory=dict)


def read_own(text: str, name: str) -> tuple[MapNode | None, str]:
    """The keys of a schedule file's text, without its defaults; or why it cannot be read."""
    node, diagnostics = read_yaml(Path(name), name, text=text)
    if isinstance(node, MapNode):
        return node, ""
    if (node is None and not diagnostics) or (node is not None and is_null(node)):
        return MapNode({}, Location(name)), ""
    where = f"line {diagnostics[0].location.line}: {diagnostics[0].message}" if diagnostics else "it is no map of keys"
    return None, where


def edited(text: str, sent: Mapping[str, str], airflow: str) -> Edit:
    """The text with what somebody has changed in the form.

    Args:
        text: that of the schedule file.
        sent: the fields of the form: of each key what it was (`was:KEY`), what it is now (`SHAPE:KEY`), and of a list
            what is to be added to it (`add:KEY`). What is not in there is left as it is.
        airflow: the version, one of `VERSIONS`.
    """
    problems = {}
    for key, row in schedule_table(airflow).rows.items():
        shape = next((each for each in Shape if f"{each.value}:{key}" in sent), None)
        if shape is None:
            continue
        value, was = (_clean(shape, sent.get(f"{name}:{key}", "")) for name in (shape.value, "was"))
        if added := sent.get(f"add:{key}", "").strip():
            value = "\n".join([*lines_of(value), added])
        try:
            if value != was:
                text = _with_value(text, key, shape, value, row.type)
        except edit.EditError as error:
            problems[key] = str(error)
    return Edit(text, problems)


def _clean(shape: Shape, value: str) -> str:
    value = re.sub(r"\r\n?", "\n", value)
    if shape is Shape.LINES:
        return "\n".join(lines_of(value))
    return value if shape is Shape.PROSE and value.strip() else value.strip()


def _with_value(text: str, key: str, shape: Shape, value: str, kind: Any) -> str:  # noqa: ANN401
    own, reason = read_own(text, "")
    if own is None:
        raise edit.EditError(reason)
    node = own.get(key)
    if not value:
        return edit.remove(text, (key,)) if node else text
    if shape is Shape.LINES:
        return _with_lines(text, key, node, lines_of(value))
    if shape is Shape.YAML:
        written, diagnostics = read_yaml(Path(key), key, text=value)
        if written is None:
            raise edit.EditError(diagnostics[0].message if diagnostics else "there is no value")
        return edit.set_written(text, (key,), value)
    if shape is Shape.PROSE:
        return edit.set_value(text, (key,), value)
    is_quoted = isinstance(node, Scalar) and not is_null(node) and not node.is_plain
    as_text = _takes(kind, Scalar("str", value, Location(key)))
    plain_value, _ = read_yaml(Path(key), key, text=value)
    says_it = isinstance(plain_value, Scalar) and plain_value.is_plain and plain_value.text == value
    if says_it and plain_value and _takes(kind, plain_value) and not (is_quoted and as_text):
        return edit.set_written(text, (key,), value)
    return edit.set_value(text, (key,), value)


def _takes(kind: Any, node: Node) -> bool:  # noqa: ANN401
    problems: list[Diagnostic] = []
    try:
        kind.read(node, problems.append)
    except InvalidError:
        return False
    return not problems and not (isinstance(node, Scalar) and node.kind == "trap")


def _with_lines(text: str, key: str, node: Node | None, texts: list[str]) -> str:
    """The text with another list; what stays in it keeps its comments."""
    before = [item.text for item in node.items if isinstance(item, Scalar)] if isinstance(node, ListNode) else []
    if not before:
        is_one = isinstance(node, Scalar) and len(texts) == 1 and not is_null(node)
        return edit.set_value(text, (key,), texts[0] if is_one else texts)
    left = iter(texts)
    following = next(left, None)
    gone = []
    for number, item in enumerate(before):
        if item == following:
            following = next(left, None)
        else:
            gone.append(number)
    if len(gone) == len(before):
        return edit.set_value(text, (key,), texts)
    for number in reversed(gone):
        text = edit.remove(text, (key, number))
    for item in (*(() if following is None else (following,)), *left):
        text = edit.append(text, (key,), item)
    return text
