"""A run parameter: a value that a run can be given, with a type and a default, as Airflow's `Param` has it."""

from __future__ import annotations

from typing import Any

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import Data, KeyName, MapOf
from codegen.keys.field_type import FieldType, JsonSchema, Report, ScalarType
from codegen.keys.model import Model, model
from codegen.keys.scalars import Choice, Integer
from codegen.keys.section import Section
from codegen.keys.table import key
from codegen.keys.texts import Markdown, Text, refuse_unspeakable
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null

TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
# What every Airflow from 2.10 to 3.3 checks (`FormatChecker` of jsonschema, as a stock installation has it) or shows in
# its form (`date-time`, `multiline`).
FORMATS = ("date", "date-time", "time", "multiline", "email", "ipv4", "ipv6", "regex", "uuid")
# A browser, which shows the form, has no larger whole numbers (ECMAScript, `Number.MAX_SAFE_INTEGER`).
_MOST = 2**53 - 1


def _check_value(scalar: Scalar) -> None:
    """Refuse what JSON, or Airflow's form, cannot hold."""
    if scalar.kind == "int" and (len(scalar.text) > len(str(-_MOST)) or abs(int(scalar.text)) > _MOST):
        hint = f'quote it, to have it as text: "{scalar.text}"'
        raise InvalidError("is larger than the whole numbers that Airflow's form can hold", hint)
    refuse_unspeakable(scalar.text)


_JSON = Data(_check_value)


class _JsonList(FieldType[Any]):
    """A list of at least one value."""

    words = "a list of values"

    def _read(self, node: Node, report: Report) -> list[Any]:
        return [_JSON.read(item, report) for item in self._items(node, least=1)]

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
    """One of the types of JSON, or a list of some."""

    words = "one of " + ", ".join(f"`{name}`" for name in TYPES) + ", or a list of them"

    def _read(self, node: Node, report: Report) -> str | list[str] | None:
        if isinstance(node, ListNode) and node.items:
            # Without quotes `null` is YAML's own, and means the same.
            names = ["null" if is_null(item) else Choice(*TYPES).read(item, report) for item in node.items]
            return [name for name in dict.fromkeys(names) if name]
        if isinstance(node, Scalar):
            return Choice(*TYPES).read(node, report)
        raise InvalidError("must be a type of JSON, or a list of some", f"one of {', '.join(TYPES)}")

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"enum": list(TYPES)}, {"type": "array", "minItems": 1, "items": {"enum": [*TYPES, None]}}]}


@model(frozen=True, kw_only=True)
class Param(Model):
    """A run parameter; it `is_plain` where the schedule gives only a value."""

    reference_group = "a run parameter"

    type: str | list[str] | None = key(_Types(), "What a run may give. Default: anything.", "integer")
    default: Any = key(
        _JSON,
        "The value used when a run does not set one. Without it, each run must give a value, or has none if `null` is "
        "one of the types.",
        "100",
    )
    title: str | None = key(Text(), "What the form calls it. Default: its name.", "Days back")
    description: str | None = key(Text(), "What the form says below it.", "How far to read back")
    description_md: str | None = key(Markdown(), "The same as Markdown.", "How **far** to read back")
    enum: list[Any] | None = key(_JsonList(), "The values that a run may give.", "[10, 100]")
    const: Any = key(_JSON, "The one value that there is; the form does not show it.", "100")
    minimum: float | None = key(_Number(), "The least number.", "1")
    maximum: float | None = key(_Number(), "The largest number.", "365")
    minLength: int | None = key(Integer(0), "The least number of characters.", "1")
    maxLength: int | None = key(Integer(0), "The largest number of characters.", "10")
    pattern: str | None = key(Text("a regular expression"), "What a text must match in some place.", "'^[a-z]+$'")
    format: str | None = key(
        Choice(*FORMATS), "What a text must be; the form has a picker for dates and times.", "date"
    )
    items: dict[str, Any] | None = key(
        MapOf("a map of JSON Schema", None, _JSON), "What each item of an array must be.", "{type: string}"
    )
    examples: list[Any] | None = key(_JsonList(), "Values that the form proposes.", "[7, 30]")
    values_display: dict[str, Any] | None = key(
        MapOf("a map of values to texts", None, _JSON),
        "What the form shows for values of `enum` or `examples`.",
        "{'10': ten, '100': a hundred}",
    )
    section: str | None = key(Text(), "The heading below which the form has it.", "Advanced")
    is_plain: bool = False

    @property
    def has_default(self) -> bool:
        """Whether a run need not give a value. A null is no key, so a default of null is none that is written."""
        types = [self.type] if isinstance(self.type, str) else self.type or []
        return "default" in self.at or "null" in types


def _check_name(name: str) -> None:
    # Jinja2 looks for an attribute of Python's dict first.
    if hasattr(dict, name):
        message = f"in a template, {{{{ params.{name} }}}} is a method of Python's `dict`"
        raise InvalidError(message, "choose another name")


class _ParamSection(Section[Param]):
    """A run parameter; any value but a map is a default, and no more."""

    def _read(self, node: Node, report: Report) -> Param | None:
        if isinstance(node, MapNode):
            return super()._read(node, report)
        value = _JSON.read(node, report)
        # Such as `1.10`.
        if isinstance(node, Scalar) and node.kind in {"int", "float"} and value is not None and str(value) != node.text:
            message = f"as a number, a run gets {quoted(str(value))} for it"
            raise InvalidError(message, f'to have it as text, quote it: "{node.text}"')
        return Param(default=value, is_plain=True, at={"": node.location, "default": node.location})

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": ["string", "number", "boolean", "array", "null"]}, self.reference()]}


_NAME = KeyName(
    "[A-Za-z_][A-Za-z0-9_]*",
    "cannot be the name of a run parameter",
    "letters, digits and _, not starting with a digit: {{ params.NAME }} is how a template names it",
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
