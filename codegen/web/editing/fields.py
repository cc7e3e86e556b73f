"""The form fields of a schedule's keys, created from the table of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codegen.diagnostics import Diagnostic, Location
from codegen.keys.table import Key
from codegen.loader import Document
from codegen.schema.export import plain
from codegen.schema.origins import plain_node
from codegen.secrets.masking import masked_value
from codegen.source import edit
from codegen.source.nodes import Entry, ListNode, MapNode, Node, is_null
from codegen.web.editing.alerts import Alerts, alerts_of, row_of
from codegen.web.editing.controls import Control, Shape, control_of, example_in, shape_for, shown
from codegen.web.editing.suggestions import OPEN

_MAX_HINT = 60
# The labels of booleans.
_YES_OR_NO = {True: "yes", False: "no"}
_AS_WRITTEN = frozenset((Shape.YAML, Shape.ALERTS))


@dataclass(frozen=True)
class Field:
    """The form field of a key.

    Attributes:
        row: the row in the table of keys.
        example: the example of the row, as typed into the control.
        value: the value in the control.
        was: the value in the text; empty without the key.
        inherited: the value that applies without the key, with its origin.
        problem: the reason why the value could not be applied to the text.
        diagnostics: the errors and warnings of the value.
        alerts: the alerts, for a key with the shape `ALERTS`.
    """

    row: Key
    control: Control
    shape: Shape
    example: str
    value: str
    was: str
    inherited: str = ""
    problem: str = ""
    diagnostics: Sequence[Diagnostic] = ()
    alerts: Alerts | None = None

    @property
    def key(self) -> str:
        """The key."""
        return self.row.name

    @property
    def options(self) -> tuple[str, ...]:
        """The choices, including the current value."""
        known = self.control.options
        return known if not self.value or self.value in known else (*known, self.value)

    @property
    def lines(self) -> int:
        """The height of the control in lines."""
        return min(12, max(2, self.value.count("\n") + 1))

    @property
    def is_wrong(self) -> bool:
        """Whether it has an error or a warning."""
        return bool(self.problem or self.diagnostics)


@dataclass(frozen=True)
class Fields:
    """Creates the form fields of a text.

    Attributes:
        own: the keys of the text.
        source: the path of its file.
        document: the file merged with its defaults; None if it cannot be read.
        suggestions: the suggested values, by key.
        sent: the submitted form, whose values are kept for keys with `problems`.
        problems: the reasons for changes that could not be applied, by key.
        reported: the problems to show.
        diagnostics: the diagnostics to show, by key.
    """

    text: str
    own: MapNode
    source: str
    document: Document | None
    suggestions: Mapping[str, Sequence[str]]
    sent: Mapping[str, str]
    problems: Mapping[str, str]
    reported: Mapping[str, str]
    diagnostics: Mapping[str, Sequence[Diagnostic]]

    def of(self, row: Key) -> Field:
        """Create the field of a row."""
        key, entry = row.name, self.own.entries.get(row.name)
        below = inherited(self.document, key, self.source)
        node = entry.value if entry and not (is_null(entry.value) and below is None) else None
        control = control_of(row.type)
        if key in self.suggestions and key not in OPEN and control.shape is Shape.LINE:
            control = Control(Shape.CHOICE, tuple(self.suggestions[key]))
        rows = alerts_of(self.text, key, node) if control.shape is Shape.ALERTS else None
        shape = shape_for(control, node) if rows is None else Shape.ALERTS
        was = shown(shape, node, _written(self.text, key) if shape in _AS_WRITTEN and node else "")
        problem, found = self.reported.get(key, ""), self.diagnostics.get(key, ())
        return Field(
            row=row,
            control=control,
            shape=shape,
            example=example_in(shape, row.example),
            value=self.sent.get(f"{shape.value}:{key}", was) if key in self.problems else was,
            was=was,
            inherited=_in_words(below, row, control.shape),
            problem=problem,
            diagnostics=found,
            alerts=None
            if rows is None
            else Alerts(key, rows, node is not None and is_null(node), self.sent, bool(problem), found),
        )


def key_of(diagnostic: Diagnostic, own: MapNode) -> str:
    """Return the key of a diagnostic, which may be missing in the text; empty without one."""
    if diagnostic.missing:
        return diagnostic.missing
    return next((key for key, entry in own.entries.items() if _is_in(diagnostic.location, entry, own)), "")


def _written(text: str, key: str) -> str:
    try:
        return edit.written_at(text, (key,))
    except edit.EditError:
        return ""


def _is_in(place: Location, entry: Entry, own: MapNode) -> bool:
    """Return whether a location is in the lines from a key to the next one."""
    starts = sorted(each.key_location.line for each in own.entries.values())
    start = entry.key_location.line
    end = next((line for line in starts if line > start), place.line + 1)
    return start <= place.line < end


def inherited(document: Document | None, key: str, source: str) -> Entry | None:
    """Return the entry that a file inherits for a key; None without one, and for a null."""
    entry = document.merged.entries.get(key) if document else None
    while entry and entry.key_location.path == source:
        entry = entry.replaced
    return entry if entry and not is_null(entry.value) else None


def _in_words(entry: Entry | None, row: Key, shape: Shape) -> str:
    if entry:
        says = _alerts_in_words if shape is Shape.ALERTS else _value_in_words
        return f"{_shortened(says(entry.value, row))}, from {entry.key_location.path}"
    value = plain(row.default)
    if not isinstance(value, (str, int)) or value == "":
        return ""
    return f"{_YES_OR_NO[value] if isinstance(value, bool) else value}, by default"


def _value_in_words(node: Node, row: Key) -> str:
    value = masked_value(plain_node(node), [row.name])
    return _YES_OR_NO[value] if isinstance(value, bool) else _in_short(value)


def _alerts_in_words(node: Node, row: Key) -> str:
    nodes = node.items if isinstance(node, ListNode) else (node,)
    found = [(alert, each) for each in nodes for alert in [row_of(each, "")]]
    return ", ".join(
        f"{alert.kind.row.title} {masked_value(alert.address, [row.name])}"
        if alert.kind
        else _value_in_words(each, row)
        for alert, each in found
    )


def _in_short(value: Any) -> str:  # noqa: ANN401  # any JSON value
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_in_short(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_short, value))
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_HINT else text[:_MAX_HINT] + "…"
