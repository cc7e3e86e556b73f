"""The alerts of a key in the form: one row with a kind and an address for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codegen.diagnostics import Diagnostic, Location
from codegen.keys.containers import without_null_keys
from codegen.keys.table import Key
from codegen.schema.alerts import ALERT, KINDS
from codegen.source import edit
from codegen.source.list_items import ItemList
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null
from codegen.text.jinja import is_template
from codegen.web.editing.controls import Shape, control_of, example_in
from codegen.web.editing.reading import by_place


@dataclass(frozen=True)
class AlertKind:
    """A kind of alert.

    Attributes:
        row: the kind's row in the table of keys.
        address: the row of its address.
    """

    row: Key
    address: Key

    @property
    def is_list(self) -> bool:
        """Whether an alert can have several addresses."""
        return control_of(self.address.type).shape is Shape.LINES

    @property
    def example(self) -> str:
        """An example of an address, as typed."""
        return example_in(control_of(self.address.type).shape, self.address.example)

    def addresses(self, typed: str) -> list[str]:
        """Parse the typed addresses, separated by commas if an alert can have several."""
        texts = [each.strip() for each in typed.split(",")] if self.is_list else [typed.strip()]
        return [each for each in texts if each] or [""]


# The kinds of alerts by name.
ALERT_KINDS: Mapping[str, AlertKind] = {
    section.name: AlertKind(ALERT.rows[section.name], section.rows[section.short]) for section in KINDS
}


@dataclass(frozen=True)
class AlertRow:
    """An alert.

    Attributes:
        place: the location in the text.
        text: the lines in the YAML.
        kind: the kind; None for an alert that the form cannot edit.
        address: the address, as typed.
        others: the other keys.
        path: the path of the address in the alert.
        node: the node of the address.
    """

    place: Location
    text: str
    kind: AlertKind | None = None
    address: str = ""
    others: Sequence[str] = ()
    path: tuple[str, ...] = ()
    node: Node | None = None


def row_of(node: Node, text: str) -> AlertRow:
    """Create the row of an alert. `text` is its lines in the YAML."""
    as_written = AlertRow(node.location, text)
    given = without_null_keys(node.entries) if isinstance(node, MapNode) else {}
    kind = ALERT_KINDS.get(next(iter(given), "")) if len(given) == 1 else None
    if kind is None:
        return as_written
    name, short = kind.row.name, kind.address.name
    value = given[name].value
    is_map = isinstance(value, MapNode)
    address = value.get(short) if isinstance(value, MapNode) else value
    typed = None if address is None else _typed(kind, address)
    if typed is None:
        return as_written
    others = [key for key in value.entries if key != short] if isinstance(value, MapNode) else []
    path = (name, short) if is_map else (name,)
    return AlertRow(node.location, text, kind, typed, others, path, address)


def _typed(kind: AlertKind, node: Node) -> str | None:
    """Return the typed form of an address; None for a value that cannot be typed."""
    nodes = node.items if isinstance(node, ListNode) and kind.is_list else (node,)
    texts = [each.text for each in nodes if isinstance(each, Scalar) and each.kind == "str"]
    typed = ", ".join(texts)
    is_same = len(texts) == len(nodes) and kind.addresses(typed) == texts
    return typed if is_same and not is_template(typed) and "\n" not in typed else None


def alerts_of(text: str, key: str, node: Node | None) -> list[AlertRow] | None:
    """Return the alerts of a key with the value `node`; None if the form cannot show them."""
    if node is None or is_null(node):
        return []
    nodes = node.items if isinstance(node, ListNode) else (node,)
    if isinstance(node, Scalar) or not nodes:
        return None
    try:
        items = ItemList.read(text, (key,)).items
    except edit.EditError:
        return None
    return [row_of(each, item.text) for item, each in zip(items, nodes, strict=True)]


@dataclass(frozen=True)
class Alerts:
    """The alerts of a key in the form.

    Attributes:
        rows: the alerts in the text.
        is_off: whether a null turns off the inherited alerts.
        sent: the form fields.
        is_refused: whether the change could not be applied to the text. The controls then keep the submitted values.
        diagnostics: the errors and warnings of the alerts.
    """

    key: str
    rows: Sequence[AlertRow]
    is_off: bool
    sent: Mapping[str, str]
    is_refused: bool
    diagnostics: Sequence[Diagnostic]

    @property
    def kinds(self) -> Mapping[str, AlertKind]:
        """The kinds that can be added."""
        return ALERT_KINDS

    @cached_property
    def new(self) -> AlertKind | None:
        """The kind of the new row, which is not in the text yet; None without one."""
        doing, which = pressed(self.key, self.sent)
        if doing == "add":
            return ALERT_KINDS.get(which)
        kind, typed = sent_new(self.key, self.sent)
        return kind if self.is_refused or not typed else None

    def address(self, number: int) -> str:
        """Return the value in the control of a row."""
        is_new = number == len(self.rows)
        own = sent_new(self.key, self.sent)[1] if is_new else self.rows[number].address
        return self.sent.get(name_of(self.key, number), own) if self.is_refused else "" if is_new else own

    @cached_property
    def found(self) -> tuple[list[list[Diagnostic]], list[Diagnostic]]:
        """The diagnostics of each row, and the remaining ones."""
        return by_place([(row.place.line, row.place.column) for row in self.rows], self.diagnostics)


def pressed(key: str, sent: Mapping[str, str]) -> tuple[str, str]:
    """Return the action of the pressed button on the alerts of a key, and its target."""
    name, _, rest = sent.get("alerts", "").partition(":")
    doing, _, which = rest.partition(":")
    return (doing, which) if name == key else ("", "")


def sent_new(key: str, sent: Mapping[str, str]) -> tuple[AlertKind | None, str]:
    """Return the kind and the address of the new row in the submitted form; None and an empty address without one."""
    number, _, kind = sent.get(name_of(key, "new"), "").partition(":")
    if pressed(key, sent) == ("remove", number):
        return None, ""
    return ALERT_KINDS.get(kind), sent.get(name_of(key, number), "").strip()


def name_of(key: str, part: str | int) -> str:
    """Return the name of a form control."""
    return f"alert:{key}:{part}"
