"""The control of a form for a key of a schedule, chosen by the JSON Schema of its type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from codegen.keys.field_type import FieldType, JsonSchema
from codegen.schema.alerts import ALERT
from codegen.source.nodes import ListNode, Node, Scalar, is_null
from codegen.source.read import read_yaml


class Shape(Enum):
    """A choice from a few, one line of text, several, a text in each line, rows of alerts, or YAML itself."""

    CHOICE = "choice"
    LINE = "line"
    PROSE = "prose"
    LINES = "lines"
    ALERTS = "alerts"
    YAML = "yaml"


_SCALARS = {"string", "integer", "number"}


@dataclass(frozen=True)
class Control:
    """A control."""

    shape: Shape
    options: tuple[str, ...] = ()
    is_number: bool = False


def control_of(field_type: FieldType[Any]) -> Control:
    """The control for values of that type."""
    schema = field_type.json_schema()
    if "enum" in schema:
        return Control(Shape.CHOICE, tuple(schema["enum"]))
    if {"type": "boolean"} in (schema, *schema.get("anyOf", ())):
        return Control(Shape.CHOICE, ("true", "false"))
    if schema.get("contentMediaType") == "text/markdown":
        return Control(Shape.PROSE)
    if schema.get("type") in _SCALARS:
        return Control(Shape.LINE, is_number=schema["type"] != "string")
    return Control(_shape_of(schema.get("anyOf", ())))


def _shape_of(forms: Sequence[JsonSchema]) -> Shape:
    items = [form["items"] for form in forms if "items" in form]
    if ALERT.reference() in items:
        return Shape.ALERTS
    # An item that is more than text is shown as YAML, see `shape_for`.
    if any({"type": "string"}.items() <= each.items() for item in items for each in item.get("anyOf", [item])):
        return Shape.LINES
    return Shape.LINE if any(form.get("type") == "string" for form in forms) else Shape.YAML


def shape_for(control: Control, node: Node | None) -> Shape:
    """The shape in which a control can show a value: its own, or one that can say more."""
    if node is None or (control.shape is Shape.LINES and _texts(node) is not None):
        return control.shape
    if not isinstance(node, Scalar) or is_null(node) or control.shape in {Shape.LINES, Shape.ALERTS, Shape.YAML}:
        return Shape.YAML
    return Shape.PROSE if "\n" in node.text else control.shape


def shown(shape: Shape, node: Node | None, written: str) -> str:
    """What a control of that shape shows of a value, which is `written` so in the file."""
    if node is None:
        return ""
    if shape is Shape.LINES:
        return "\n".join(_texts(node) or ())
    return node.text if isinstance(node, Scalar) and shape not in {Shape.ALERTS, Shape.YAML} else written


@cache
def example_in(shape: Shape, example: str) -> str:
    """An example of the table of keys, which is YAML, as it is typed into a control of that shape."""
    node, _ = read_yaml(Path("example"), "example", text=example)
    return shown(shape, node, example)


def lines_of(value: str) -> list[str]:
    """The texts that a control with one in each line says."""
    return [line.strip() for line in value.splitlines() if line.strip()]


def _texts(node: Node) -> list[str] | None:
    """The texts of a list, or the text alone; nothing where a line of its own would not say the same."""
    nodes = node.items if isinstance(node, ListNode) else (node,)
    texts = [item.text for item in nodes if isinstance(item, Scalar) and item.kind == "str"]
    return texts if len(texts) == len(nodes) and texts and lines_of("\n".join(texts)) == texts else None
