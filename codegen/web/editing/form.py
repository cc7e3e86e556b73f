"""The form of a schedule file: a view of its text, made from the schema; what changes in it is changed in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.keys.table import Key
from codegen.keys.texts import timezones
from codegen.loader import Document
from codegen.schema.export import plain
from codegen.schema.origins import plain_node
from codegen.schema.table import schedule_table
from codegen.secrets.masking import masked_value
from codegen.source import edit
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null
from codegen.source.read import read_yaml
from codegen.web.editing.controls import Control, Shape, control_of, lines_of, shape_for, shown
from codegen.web.editing.preview import Preview

# What most schedules have is in sight; all else is a click away.
_COMMON = frozenset(
    ("extractor", "loader", "transform", "job", "interval", "after", "timezone", "description", "owner", "tags")
)
# The headings that come first; the others are in the schema's order.
_FIRST = ("what runs", "when")
_LONGEST_HINT = 60


@dataclass(frozen=True)
class Field:
    """A key of the schedule as a part of the form.

    Attributes:
        doc: what the key means.
        value: what the control shows, as `was` until somebody changes it.
        was: what the text says; empty where it does not have the key.
        inherited: what counts without it, and from where.
        problem: why the text could not be changed so.
        diagnostics: what is wrong with the value.
    """

    key: str
    group: str
    doc: str
    example: str
    control: Control
    shape: Shape
    value: str
    was: str
    inherited: str = ""
    problem: str = ""
    diagnostics: Sequence[Diagnostic] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """What can be chosen, what the text says in any case."""
        known = self.control.options
        return known if not self.value or self.value in known else (*known, self.value)

    @property
    def rows(self) -> int:
        """How many lines the control shows."""
        return min(12, max(2, self.value.count("\n") + 1))


@dataclass(frozen=True)
class Group:
    """The fields under one heading: those that most schedules have, and the others."""

    name: str
    common: Sequence[Field]
    others: Sequence[Field]

    @property
    def is_open(self) -> bool:
        """Whether one of the others has a value."""
        return any(each.value or each.diagnostics for each in self.others)


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


def groups_of(
    text: str,
    own: MapNode,
    preview: Preview,
    sent: Mapping[str, str],
    problems: Mapping[str, str],
) -> list[Group]:
    """The form of a text. For the keys with problems it keeps the values that were sent."""
    offered = offered_for(preview)
    wrong = preview.own
    groups: dict[str, list[Field]] = {name: [] for name in _FIRST}
    for key, row in schedule_table(preview.project.airflow).rows.items():
        entry = own.entries.get(key)
        below = _inherited(preview.document, key, preview.source)
        node = entry.value if entry and not (is_null(entry.value) and below is None) else None
        control = control_of(row.type)
        if key in offered and key not in _OPEN and control.shape is Shape.LINE:
            control = Control(Shape.CHOICE, tuple(offered[key]))
        shape = shape_for(control, node)
        was = shown(shape, node, _written(text, key) if shape is Shape.YAML and node else "")
        groups.setdefault(row.group, []).append(
            Field(
                key=key,
                group=row.group,
                doc=row.doc,
                example=row.example,
                control=control,
                shape=shape,
                value=sent.get(f"{shape.value}:{key}", was) if key in problems else was,
                was=was,
                inherited=_in_words(below, row),
                problem=problems.get(key, ""),
                diagnostics=[each for each in wrong if entry and _is_in(each.location, entry, own)],
            )
        )
    return [
        Group(
            name,
            [each for each in fields if each.key in _COMMON],
            [each for each in fields if each.key not in _COMMON],
        )
        for name, fields in groups.items()
    ]


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


def _written(text: str, key: str) -> str:
    try:
        return edit.written_at(text, (key,))
    except edit.EditError:
        return ""


def _is_in(place: Location, entry: Entry, own: MapNode) -> bool:
    """Whether a place is in the lines from one key to the next."""
    starts = sorted(each.key_location.line for each in own.entries.values())
    start = entry.key_location.line
    end = next((line for line in starts if line > start), place.line + 1)
    return start <= place.line < end


def _inherited(document: Document | None, key: str, source: str) -> Entry | None:
    """What counts where the file itself does not have the key."""
    entry = document.merged.entries.get(key) if document else None
    while entry and entry.key_location.path == source:
        entry = entry.replaced
    return entry if entry and not is_null(entry.value) else None


def _in_words(entry: Entry | None, row: Key) -> str:
    if entry:
        value = masked_value(plain_node(entry.value), [row.name])
        return f"{_shortened(_in_short(value))}, from {entry.key_location.path}"
    value = plain(row.default)
    if not isinstance(value, (str, int)) or value == "":
        return ""
    return f"{_in_short(value)}, by default"


def _in_short(value: Any) -> str:  # noqa: ANN401  # as JSON has it
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_in_short(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_short, value))
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_HINT else text[:_LONGEST_HINT] + "…"


# What is offered for these is not all that there can be.
_OPEN = frozenset(("interval", "timezone", "environment", "owner", "tags", "pool", "queue", "after"))
_ALIASES = ("15m", "@hourly", "6h", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly", "@manual")


def offered_for(preview: Preview) -> Mapping[str, Sequence[str]]:
    """What is offered for a key: what meltano.yml has, and what other schedules say."""
    reading, meltano = preview.reading, preview.reading.meltano
    offered: dict[str, Iterable[str]] = {
        "interval": _ALIASES,
        "timezone": timezones(),
        "after": {schedule.name for schedule in reading.schedules},
        "only": preview.project.deployments,
        "owner": {schedule.owner or "" for schedule in reading.schedules},
        "tags": {tag for schedule in reading.schedules for tag in schedule.tags},
        "pool": {schedule.pool for schedule in reading.schedules if schedule.pool},
        "queue": {schedule.queue for schedule in reading.schedules if schedule.queue},
    }
    if meltano:
        offered["extractor"] = meltano.plugins.get("extractors", ())
        offered["loader"] = meltano.plugins.get("loaders", ())
        offered["job"] = meltano.jobs
        offered["environment"] = meltano.environments
    return {
        key: tuple(values) if key in {"interval", "only"} else sorted(values)
        for key, values in offered.items()
        if values
    }
