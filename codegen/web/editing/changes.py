"""Applies changed form fields to the text of a schedule file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.keys.table import Key
from codegen.schema.table import schedule_table
from codegen.source import edit
from codegen.source.nodes import Node, Scalar, is_null
from codegen.source.read import read_yaml
from codegen.web.editing.alert_edits import changed_keys, with_alerts
from codegen.web.editing.controls import Shape, control_of, lines_of
from codegen.web.editing.kinds import ALL_KEYS, is_of, kind_of, read_keys, switched
from codegen.web.editing.reading import read_own
from codegen.web.editing.steps import with_steps
from codegen.web.editing.texts import with_texts

_OF_ONE_VALUE = [each for each in Shape if each is not Shape.ALERTS]


@dataclass(frozen=True)
class Edit:
    """A text with the changes of the form.

    Attributes:
        kept: the YAML of keys that belong to other kinds of work.
        problems: the reasons for changes that could not be applied, by key.
        changed: the changed keys.
    """

    text: str
    kept: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Change:
    """A changed field of the form."""

    row: Key
    shape: Shape
    value: str


def edited(text: str, sent: Mapping[str, str], airflow: str) -> Edit:
    """Apply the changes of the form to a text.

    Args:
        text: the text of the schedule file.
        sent: the form fields: for each key the previous value (`was:KEY`), the current value (`SHAPE:KEY`), and a new
            list item (`add:KEY`). Other keys are unchanged.
        airflow: the Airflow version, one of `VERSIONS`.
    """
    problems: dict[str, str] = {}
    kept, kind, changed = sent.get("kept", ""), sent.get("runs", ""), set[str]()
    own, _ = read_own(text, "")
    if kind != sent.get("was:runs", "") and own is not None:
        changed.add("runs")
        try:
            text, kept = switched(text, kept, kind)
        except (edit.EditError, KeyError) as error:
            problems["runs"] = str(error)
    kind = kind_of(own) if own and (problems or "runs" not in changed) and kind_of(own) else kind
    for change in _changes(sent, airflow):
        key = change.row.name
        changed.add(key)
        try:
            # A key of another kind of work is kept outside the text.
            if kind and key in ALL_KEYS and not is_of(kind, key) and key not in read_keys(text):
                kept = _with_value(kept, change)
            else:
                text = _with_value(text, change)
        except edit.EditError as error:
            problems[key] = str(error)
    lists = {"tasks": with_steps}
    lists |= {key: partial(with_alerts, key=key) for key in sorted(_keys_of_alerts(sent, airflow))}
    for key, with_list in lists.items():
        try:
            with_changed = with_list(text, sent)
        except edit.EditError as error:  # noqa: PERF203  # each may fail
            problems[key] = str(error)
        else:
            changed |= {key} if with_changed != text else set()
            text = with_changed
    return Edit(text, kept, problems, frozenset(changed))


def _keys_of_alerts(sent: Mapping[str, str], airflow: str) -> set[str]:
    rows = schedule_table(airflow).rows
    return {key for key in changed_keys(sent) if key in rows and control_of(rows[key].type).shape is Shape.ALERTS}


def _changes(sent: Mapping[str, str], airflow: str) -> Iterator[_Change]:
    for key, row in schedule_table(airflow).rows.items():
        shape = next((each for each in _OF_ONE_VALUE if f"{each.value}:{key}" in sent), None)
        if shape is None:
            continue
        value, was = (_clean(shape, sent.get(f"{name}:{key}", "")) for name in (shape.value, "was"))
        if added := sent.get(f"add:{key}", "").strip():
            value = "\n".join([*lines_of(value), added])
        if value != was:
            yield _Change(row, shape, value)


def _clean(shape: Shape, value: str) -> str:
    value = re.sub(r"\r\n?", "\n", value)
    if shape is Shape.LINES:
        return "\n".join(lines_of(value))
    return value if shape is Shape.PROSE and value.strip() else value.strip()


def _with_value(text: str, change: _Change) -> str:
    key, shape, value, kind = change.row.name, change.shape, change.value, change.row.type
    own, reason = read_own(text, "")
    if own is None:
        raise edit.EditError(reason)
    node = own.get(key)
    if not value:
        return edit.remove(text, (key,)) if node else text
    if shape is Shape.LINES:
        return with_texts(text, (key,), node, lines_of(value))
    if shape is Shape.YAML:
        written, diagnostics = read_yaml(Path(key), key, text=value)
        if written is None:
            raise edit.EditError(diagnostics[0].message if diagnostics else "the value is missing")
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
