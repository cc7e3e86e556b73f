"""Run parameters: values that can be set when starting a run, with the fields of Airflow's `Param`."""

from __future__ import annotations

from typing import Any

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import Data, KeyName, MapOf
from codegen.keys.field_type import FieldType, JsonSchema, Report, ScalarType
from codegen.keys.model import Model, model
from codegen.keys.scalars import Choice, Integer
from codegen.keys.section import Section
from codegen.keys.table import key
from codegen.keys.texts import Markdown, Text, check_characters
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null

TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
# The formats that every Airflow from 2.10 to 3.3 validates (`FormatChecker` of jsonschema, without extras) or shows in
# its form (`date-time`, `multiline`).
FORMATS = ("date", "date-time", "time", "multiline", "email", "ipv4", "ipv6", "regex", "uuid")
# The form in the browser cannot represent larger whole numbers (ECMAScript, `Number.MAX_SAFE_INTEGER`).
_MAX_INTEGER = 2**53 - 1


def _check_value(scalar: Scalar) -> None:
    """Refuse a value that JSON or Airflow's form cannot represent."""
    if scalar.kind == "int" and (len(scalar.text) > len(str(-_MAX_INTEGER)) or abs(int(scalar.text)) > _MAX_INTEGER):
        hint = f'quote it to pass it as text: "{scalar.text}"'
        raise InvalidError("this whole number is too large for Airflow's form", hint)
    check_characters(scalar.text)


_JSON = Data(_check_value)


class _JsonList(FieldType[Any]):
    """A list of at least one value."""

    words = "a list of values"

    def _read(self, node: Node, report: Report) -> list[Any]:
        return [_JSON.read(item, report) for item in self._items(node, min_items=1)]

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "minItems": 1}


class _Number(ScalarType[float]):
    """A number, whole or not."""

    words = "a number"

    def convert(self, scalar: Scalar) -> float:
        if scalar.kind not in {"int", "float"}:
            raise self._wrong(scalar)
        _check_value(scalar)
        return int(scalar.text) if scalar.kind == "int" else float(scalar.text)

    def json_schema(self) -> JsonSchema:
        return {"type": "number"}


class _Types(FieldType[str | list[str]]):
    """A JSON type, or a list of JSON types."""

    words = "one of " + ", ".join(f"`{name}`" for name in TYPES) + ", or a list of them"

    def _read(self, node: Node, report: Report) -> str | list[str] | None:
        if isinstance(node, ListNode) and node.items:
            # An unquoted `null` means the same.
            names = ["null" if is_null(item) else Choice(*TYPES).read(item, report) for item in node.items]
            return [name for name in dict.fromkeys(names) if name]
        if isinstance(node, Scalar):
            return Choice(*TYPES).read(node, report)
        raise InvalidError("expected a JSON type or a list of JSON types", f"write one of {', '.join(TYPES)}")

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"enum": list(TYPES)}, {"type": "array", "minItems": 1, "items": {"enum": [*TYPES, None]}}]}


@model(frozen=True, kw_only=True)
class Param(Model):
    """A run parameter; `is_plain` if the schedule contains only a default value."""

    reference_group = "a run parameter"

    type: str | list[str] | None = key(_Types(), "The JSON type of the value. Default: any type.", "integer")
    default: Any = key(
        _JSON,
        "The value used when a run does not set one. Without a default, each run must set a value, unless `null` is "
        "one of the types.",
        "100",
    )
    title: str | None = key(Text(), "The label in the form. Default: the name.", "Days back")
    description: str | None = key(Text(), "The help text in the form.", "How far to read back")
    description_md: str | None = key(Markdown(), "The help text in the form, as Markdown.", "How **far** to read back")
    enum: list[Any] | None = key(_JsonList(), "The allowed values.", "[10, 100]")
    const: Any = key(_JSON, "The only allowed value; the form does not show it.", "100")
    minimum: float | None = key(_Number(), "The smallest allowed number.", "1")
    maximum: float | None = key(_Number(), "The largest allowed number.", "365")
    minLength: int | None = key(Integer(0), "The minimum length of text.", "1")
    maxLength: int | None = key(Integer(0), "The maximum length of text.", "10")
    pattern: str | None = key(
        Text("a regular expression"), "A regular expression that must match a part of the text.", "'^[a-z]+$'"
    )
    format: str | None = key(Choice(*FORMATS), "The format of text. The form has a picker for dates and times.", "date")
    items: dict[str, Any] | None = key(
        MapOf("a map of JSON Schema", None, _JSON), "The JSON Schema of the items of an array.", "{type: string}"
    )
    examples: list[Any] | None = key(_JsonList(), "Values that the form suggests.", "[7, 30]")
    values_display: dict[str, Any] | None = key(
        MapOf("a map of values to labels", None, _JSON),
        "The labels that the form shows for values of `enum` or `examples`.",
        "{'10': ten, '100': a hundred}",
    )
    section: str | None = key(Text(), "The heading under which the form shows the parameter.", "Advanced")
    is_plain: bool = False

    @property
    def has_default(self) -> bool:
        """Whether a run can omit the value. A key that is null counts as missing, so `type` shows a default of null."""
        types = [self.type] if isinstance(self.type, str) else self.type or []
        return "default" in self.at or "null" in types


def _check_name(name: str) -> None:
    # Jinja looks up the attributes of a dict first.
    if hasattr(dict, name):
        message = f"in a template, {{{{ params.{name} }}}} is a method of Python's `dict`"
        raise InvalidError(message, "choose another name")


class _ParamSection(Section[Param]):
    """A run parameter; a value that is not a map is its default."""

    def _read(self, node: Node, report: Report) -> Param | None:
        if isinstance(node, MapNode):
            return super()._read(node, report)
        value = _JSON.read(node, report)
        # For example, `1.10` would become 1.1.
        if isinstance(node, Scalar) and node.kind in {"int", "float"} and value is not None and str(value) != node.text:
            message = f"as a number, {quoted(node.text)} becomes {quoted(str(value))}"
            raise InvalidError(message, f'quote it to pass it as text: "{node.text}"')
        return Param(default=value, is_plain=True, at={"": node.location, "default": node.location})

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": ["string", "number", "boolean", "array", "null"]}, self.reference()]}


_NAME = KeyName(
    "[A-Za-z_][A-Za-z0-9_]*",
    "cannot be the name of a run parameter",
    "use letters, digits and `_`, not starting with a digit; templates read it as {{ params.NAME }}",
    _check_name,
)


class _Params(MapOf[Param]):
    expected = "a map of names to values"


PARAMS = _Params(
    f"{_Params.expected}, or to [run parameters](#a-run-parameter)",
    _NAME,
    _ParamSection(Param, "param", "a map"),
    is_nullable=False,
)
