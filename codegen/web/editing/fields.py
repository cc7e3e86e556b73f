"""A key of the schedule as a field of the form, made from its row in the table of keys."""

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
from codegen.web.editing.offers import OPEN

_LONGEST_HINT = 60
# The choices of a control for a boolean.
_YES_OR_NO = {True: "yes", False: "no"}
_AS_WRITTEN = frozenset((Shape.YAML, Shape.ALERTS))


@dataclass(frozen=True)
class Field:
    """A key of the schedule as a field of the form.

    Attributes:
        row: its row in the table of keys.
        example: the example of the row, as it is typed into the control.
        value: the value in the control, which is `was` until somebody changes it.
        was: the value in the text; empty without the key.
        inherited: the value that applies without the key, and its origin.
        problem: why the text could not be changed so.
        diagnostics: the errors and warnings of the value.
        alerts: those of a key of alerts.
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
        """The choices, with the current value in any case."""
        known = self.control.options
        return known if not self.value or self.value in known else (*known, self.value)

    @property
    def lines(self) -> int:
        """How many lines the control shows."""
        return min(12, max(2, self.value.count("\n") + 1))

    @property
    def is_wrong(self) -> bool:
        """Whether it has an error or a warning."""
        return bool(self.problem or self.diagnostics)


@dataclass(frozen=True)
class Fields:
    """Makes the fields of a text.

    Attributes:
        own: the keys of the text.
        source: the path of its file.
        document: the file with its defaults, where it could be read.
        offered: the values on offer, by key.
        sent: the fields of the form, which are kept where there are `problems`.
        told: the problems that are shown.
        diagnostics: those to show, by key.
    """

    text: str
    own: MapNode
    source: str
    document: Document | None
    offered: Mapping[str, Sequence[str]]
    sent: Mapping[str, str]
    problems: Mapping[str, str]
    told: Mapping[str, str]
    diagnostics: Mapping[str, Sequence[Diagnostic]]

    def of(self, row: Key) -> Field:
        """The field of a row."""
        key, entry = row.name, self.own.entries.get(row.name)
        below = inherited(self.document, key, self.source)
        node = entry.value if entry and not (is_null(entry.value) and below is None) else None
        control = control_of(row.type)
        if key in self.offered and key not in OPEN and control.shape is Shape.LINE:
            control = Control(Shape.CHOICE, tuple(self.offered[key]))
        rows = alerts_of(self.text, key, node) if control.shape is Shape.ALERTS else None
        shape = shape_for(control, node) if rows is None else Shape.ALERTS
        was = shown(shape, node, _written(self.text, key) if shape in _AS_WRITTEN and node else "")
        problem, found = self.told.get(key, ""), self.diagnostics.get(key, ())
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
    """The key of a diagnostic, also a missing one; empty if it has none."""
    if diagnostic.missing:
        return diagnostic.missing
    return next((key for key, entry in own.entries.items() if _is_in(diagnostic.location, entry, own)), "")


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


def inherited(document: Document | None, key: str, source: str) -> Entry | None:
    """The entry of a key in the defaults of a file; None for a missing or null one."""
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


def _in_short(value: Any) -> str:  # noqa: ANN401  # as JSON has it
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_in_short(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_short, value))
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_HINT else text[:_LONGEST_HINT] + "…"
