"""A run parameter: a value that a run can be given, with a type and a default, as Airflow's `Param` has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.table import Section, key, places
from codegen.keys.types import Choice, Integer, JsonSchema, Markdown, Report, Text, refuse_unspeakable
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.diagnostics import Location

TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
# What every Airflow from 2.10 to 3.3 checks (`FormatChecker` of jsonschema, as a stock installation has it) or shows in
# its form (`date-time`, `multiline`).
FORMATS = ("date", "date-time", "time", "multiline", "email", "ipv4", "ipv6", "regex", "uuid")
# A browser, which shows the form, has no larger whole numbers (ECMAScript, `Number.MAX_SAFE_INTEGER`).
_MOST = 2**53 - 1
_GROUP = "a run parameter"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Json:
    """Any value that JSON has. A date is its text."""

    words = "a value"
    is_templated = False

    def read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        """The value, or nothing after reporting what JSON, or Airflow's form, cannot hold."""
        if isinstance(node, ListNode):
            return [self.read(item, report) for item in node.items]
        if isinstance(node, MapNode):
            return {name: self.read(entry.value, report) for name, entry in node.entries.items()}
        try:
            return _json(node)
        except InvalidError as error:
            report(error.at(node.location))
            return None

    def json_schema(self) -> JsonSchema:
        """Anything."""
        return {}


def _json(scalar: Scalar) -> str | int | float | bool | None:
    if scalar.kind == "int":
        if len(scalar.text) > len(str(-_MOST)) or abs(int(scalar.text)) > _MOST:
            hint = f'quote it, to have it as text: "{scalar.text}"'
            raise InvalidError("is larger than the whole numbers that Airflow's form can hold", hint)
        return int(scalar.text)
    if scalar.kind == "float":
        return float(scalar.text)
    if scalar.kind == "bool":
        return scalar.text.lower() == "true"
    if scalar.kind in {"null", "trap"}:
        return None
    refuse_unspeakable(scalar.text)
    return scalar.text


class _JsonList(Json):
    """A list of at least one value."""

    words = "a list of values"

    def read(self, node: Node, report: Report) -> list[Any] | None:
        if isinstance(node, ListNode) and node.items:
            return [Json().read(item, report) for item in node.items]
        what = "an empty list" if isinstance(node, ListNode) else named(node)
        report(InvalidError(f"expected {self.words}, got {what}").at(node.location))
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "minItems": 1}


class _JsonMap(Json):
    """A map."""

    def __init__(self, words: str) -> None:
        self.words = words

    def read(self, node: Node, report: Report) -> dict[str, Any] | None:
        if isinstance(node, MapNode):
            return {name: Json().read(entry.value, report) for name, entry in node.entries.items()}
        report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "object"}


class _Number:
    """A number, whole or not."""

    words = "a number"
    is_templated = False

    def read(self, node: Node, report: Report) -> int | float | None:
        value = Json().read(node, report) if isinstance(node, Scalar) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        report(InvalidError(f"expected a number, got {named(node)}").at(node.location))
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "number"}


class _Types:
    """One of the types of JSON, or a list of some."""

    words = "one of " + ", ".join(f"`{name}`" for name in TYPES) + ", or a list of them"
    is_templated = False

    def read(self, node: Node, report: Report) -> str | list[str] | None:
        if isinstance(node, ListNode) and node.items:
            # Without quotes `null` is YAML's own, and means the same.
            names = ["null" if is_null(item) else Choice(*TYPES).read(item, report) for item in node.items]
            return [name for name in dict.fromkeys(names) if name]
        if isinstance(node, Scalar):
            return Choice(*TYPES).read(node, report)
        report(
            InvalidError("must be a type of JSON, or a list of some", f"one of {', '.join(TYPES)}").at(node.location)
        )
        return None

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"enum": list(TYPES)}, {"type": "array", "minItems": 1, "items": {"enum": [*TYPES, None]}}]}


@dataclass(frozen=True, kw_only=True)
class Param:
    """A run parameter.

    Attributes:
        is_plain: whether the schedule gives the value alone.
    """

    type: str | list[str] | None = key(_Types(), _GROUP, "What a run may give. Default: anything.", "integer")
    default: Any = key(
        Json(),
        _GROUP,
        "The value used when a run does not set one. Without it, each run must give a value, or has none if `null` is "
        "one of the types.",
        "100",
    )
    title: str | None = key(Text(), _GROUP, "What the form calls it. Default: its name.", "Days back")
    description: str | None = key(Text(), _GROUP, "What the form says below it.", "How far to read back")
    description_md: str | None = key(Markdown(), _GROUP, "The same as Markdown.", "How **far** to read back")
    enum: list[Any] | None = key(_JsonList(), _GROUP, "The values that a run may give.", "[10, 100]")
    const: Any = key(Json(), _GROUP, "The one value that there is; the form does not show it.", "100")
    minimum: float | None = key(_Number(), _GROUP, "The least number.", "1")
    maximum: float | None = key(_Number(), _GROUP, "The largest number.", "365")
    minLength: int | None = key(Integer(0), _GROUP, "The least number of characters.", "1")
    maxLength: int | None = key(Integer(0), _GROUP, "The largest number of characters.", "10")
    pattern: str | None = key(
        Text("a regular expression"), _GROUP, "What a text must match in some place.", "'^[a-z]+$'"
    )
    format: str | None = key(
        Choice(*FORMATS), _GROUP, "What a text must be; the form has a picker for dates and times.", "date"
    )
    items: dict[str, Any] | None = key(
        _JsonMap("a map of JSON Schema"), _GROUP, "What each item of an array must be.", "{type: string}"
    )
    examples: list[Any] | None = key(_JsonList(), _GROUP, "Values that the form proposes.", "[7, 30]")
    values_display: dict[str, Any] | None = key(
        _JsonMap("a map of values to texts"),
        _GROUP,
        "What the form shows for values of `enum` or `examples`.",
        "{10: ten, 100: a hundred}",
    )
    section: str | None = key(Text(), _GROUP, "The heading below which the form has it.", "Advanced")
    is_plain: bool = False
    at: Mapping[str, Location] = places()

    @property
    def has_default(self) -> bool:
        """Whether a run need not give a value. A null is no key, so a default of null is none that is written."""
        types = [self.type] if isinstance(self.type, str) else self.type or []
        return "default" in self.at or "null" in types


class Params:
    """A map of names to parameters; what is no map is a default, and no more."""

    words = "a map of names to values, or to [run parameters](#a-run-parameter)"
    is_templated = False

    def __init__(self) -> None:
        self._section = Section(Param, "param", "a map")

    def read(self, node: Node, report: Report) -> Mapping[str, Param] | None:
        """The parameters that are valid; the others are reported."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected a map of names to values, got {named(node)}").at(node.location))
            return None
        params: dict[str, Param] = {}
        for name, entry in node.entries.items():
            try:
                _check_name(name)
            except InvalidError as error:
                report(error.at(entry.key_location))
                continue
            param = (
                self._section.read(entry.value, report)
                if isinstance(entry.value, MapNode)
                else _plain(entry.value, report)
            )
            if param:
                params[name] = param
        return params

    def json_schema(self) -> JsonSchema:
        """A map of values and parameters."""
        plain: JsonSchema = {"type": ["string", "number", "boolean", "array", "null"]}
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{_NAME.pattern}$"},
            "additionalProperties": {"anyOf": [plain, self._section.json_schema()]},
        }


def _plain(node: Node, report: Report) -> Param | None:
    value = Json().read(node, report)
    if isinstance(value, int | float) and isinstance(node, Scalar) and _changes(node, value):
        message = f"as a number, a run gets {quoted(str(value))} for it"
        report(InvalidError(message, f'to have it as text, quote it: "{node.text}"').at(node.location))
        return None
    return Param(default=value, is_plain=True, at={"": node.location, "default": node.location})


def _changes(scalar: Scalar, value: float) -> bool:
    """Whether a number loses what stands there, as `1.10` does."""
    return scalar.kind in {"int", "float"} and str(value) != scalar.text


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        hint = "letters, digits and _, not starting with a digit: {{ params.NAME }} is how a template names it"
        raise InvalidError(f"{quoted(name)} cannot be the name of a run parameter", hint)
    # Jinja2 looks for an attribute of Python's dict first.
    if hasattr(dict, name):
        message = f"in a template, {{{{ params.{name} }}}} is a method of Python's `dict`"
        raise InvalidError(message, "choose another name")
