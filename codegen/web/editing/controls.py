"""The form control for a key, derived from the JSON Schema of its type."""

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
    """The shape of a control: a select, one line, multi-line text, a list with one item per line, alerts, or YAML."""

    CHOICE = "choice"
    LINE = "line"
    PROSE = "prose"
    LINES = "lines"
    ALERTS = "alerts"
    YAML = "yaml"


_SCALARS = {"string", "integer", "number"}


@dataclass(frozen=True)
class Control:
    """A form control."""

    shape: Shape
    options: tuple[str, ...] = ()
    is_number: bool = False


def control_of(field_type: FieldType[Any]) -> Control:
    """Return the control for a type."""
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
    # Lists with other items than text are shown as YAML, see `shape_for`.
    if any({"type": "string"}.items() <= each.items() for item in items for each in item.get("anyOf", [item])):
        return Shape.LINES
    return Shape.LINE if any(form.get("type") == "string" for form in forms) else Shape.YAML


def shape_for(control: Control, node: Node | None) -> Shape:
    """Return the shape that can show a value: the control's own shape, or a more general one."""
    if node is None or (control.shape is Shape.LINES and _texts(node) is not None):
        return control.shape
    if not isinstance(node, Scalar) or is_null(node) or control.shape in {Shape.LINES, Shape.ALERTS, Shape.YAML}:
        return Shape.YAML
    return Shape.PROSE if "\n" in node.text else control.shape


def shown(shape: Shape, node: Node | None, written: str) -> str:
    """Return the value of a control for a node, which is `written` in the file."""
    if node is None:
        return ""
    if shape is Shape.LINES:
        return "\n".join(_texts(node) or ())
    return node.text if isinstance(node, Scalar) and shape not in {Shape.ALERTS, Shape.YAML} else written


@cache
def example_in(shape: Shape, example: str) -> str:
    """Convert an example of the table of keys from YAML to the text for a control."""
    node, _ = read_yaml(Path("example"), "example", text=example)
    return shown(shape, node, example)


def lines_of(value: str) -> list[str]:
    """Return the items in a control with one item per line."""
    return [line.strip() for line in value.splitlines() if line.strip()]


def _texts(node: Node) -> list[str] | None:
    """Return the items of a list of texts, or a single text; None if lines of text cannot represent the value."""
    nodes = node.items if isinstance(node, ListNode) else (node,)
    texts = [item.text for item in nodes if isinstance(item, Scalar) and item.kind == "str"]
    return texts if len(texts) == len(nodes) and texts and lines_of("\n".join(texts)) == texts else None
