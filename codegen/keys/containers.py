"""Types of lists and maps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, nearest, quoted
from codegen.keys.field_type import FieldType, JsonSchema, Report, ScalarType, or_null
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null
from codegen.text.jinja import check_template, is_template

T = TypeVar("T")


class ListOf(FieldType[tuple[T, ...]]):
    """A list of values of the same type."""

    hint = "start each with a dash"
    if_empty = "leave the key out instead"

    def __init__(self, words: str, item: FieldType[T], *, min_items: int = 0) -> None:
        self.words = words
        self._item = item
        self.is_templated = item.is_templated
        self._min_items = min_items

    def _read(self, node: Node, report: Report) -> tuple[T, ...] | None:
        """Return the items, or None if one of them is invalid."""
        items = [self._item.read(item, report) for item in self._items(node, self._min_items)]
        valid = tuple(item for item in items if item is not None)
        return valid if len(valid) == len(items) else None

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "minItems": self._min_items, "items": self._item.json_schema()}


class TextList(ListOf[str]):
    """A list of text values, or a single one."""

    if_empty = "name one"

    def __init__(self, words: str, item: ScalarType[str], *, is_unique: bool = True, min_items: int = 0) -> None:
        super().__init__(words, item, min_items=min_items)
        self._is_unique = is_unique

    def _read(self, node: Node, report: Report) -> tuple[str, ...]:
        """Return the valid items, in order."""
        nodes = (node,) if isinstance(node, Scalar) else self._items(node, self._min_items)
        items = [item for node in nodes if (item := self._item.read(node, report)) is not None]
        return tuple(dict.fromkeys(items) if self._is_unique else items)

    def json_schema(self) -> JsonSchema:
        min_items = {"minItems": self._min_items} if self._min_items else {}
        return {"anyOf": [{"type": "array", **min_items, "items": self._item.json_schema()}, self._item.json_schema()]}


@dataclass(eq=False)
class KeyName(ScalarType[str]):
    """The name of an entry of a map, which must match the pattern and pass the `check`."""

    words = "a name"

    pattern: str
    refusal: str
    hint: str = ""
    check: Callable[[str], None] = lambda _: None

    def convert(self, scalar: Scalar) -> str:
        if not re.fullmatch(self.pattern, scalar.text):
            raise InvalidError(f"{quoted(scalar.text)} {self.refusal}", self.hint)
        self.check(scalar.text)
        return scalar.text

    def json_schema(self) -> JsonSchema:
        return {"pattern": f"^{self.pattern}$"}


class MapOf(FieldType[Mapping[str, T]]):
    """A map from names to values of the same type. With `is_nullable`, its JSON Schema allows null."""

    def __init__(
        self,
        words: str,
        name: ScalarType[str] | None,
        value: FieldType[Any],
        *,
        hint: str = "write `name: value` lines",
        is_nullable: bool = True,
    ) -> None:
        self.words = words
        self.hint = hint
        self.is_templated = value.is_templated
        self._name = name
        self._value = value
        self._is_nullable = is_nullable

    def _read(self, node: Node, report: Report) -> Mapping[str, T]:
        """Return the entries with a valid name and value; a null is valid."""
        values: dict[str, Any] = {}
        for name, entry in self._entries(node).items():
            if self._name and self._name.read(Scalar("str", name, entry.key_location), report) is None:
                continue
            value = self._type_of(name).read(entry.value, report)
            if value is not None or is_null(entry.value):
                values[name] = value
        return values

    def _type_of(self, _name: str) -> FieldType[Any]:
        return self._value

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "object"}
        if self._name:
            schema["propertyNames"] = self._name.json_schema()
        if values := self._value.json_schema():
            schema["additionalProperties"] = or_null(values) if self._is_nullable else values
        return schema


class Object(FieldType[dict[str, Any]]):
    """A map with a fixed set of keys. Unknown keys are errors, since Airflow would drop them.

    The names after `words` are the required keys; the `rule` rejects values that cannot be combined.
    """

    def __init__(
        self,
        words: str,
        *required: str,
        rule: Callable[[Mapping[str, Any]], None] = lambda _: None,
        **keys: FieldType[Any],
    ) -> None:
        self.words = words
        self.keys = keys
        self.is_templated = any(each.is_templated for each in keys.values())
        self.required = required
        self.rule = rule

    def _read(self, node: Node, report: Report) -> dict[str, Any] | None:
        """Return the object as plain data, or None if a part of it is invalid."""
        given = without_null_keys(self._entries(node))
        values = {}
        for name, entry in given.items():
            if name in self.keys:
                values[name] = self.keys[name].read(entry.value, report)
                continue
            hint = nearest(name, self.keys) or "expected one of " + ", ".join(f"`{key}`" for key in self.keys)
            message = f"{quoted(name)} is not a key of {self.words}"
            report(Diagnostic(rules.UNKNOWN_KEY, message, entry.key_location, hint))
        missing = [name for name in self.required if name not in given]
        for name in missing:
            report(Diagnostic(rules.MISSING_KEY, f"{self.words} requires `{name}`", node.location, f"add `{name}`"))
        if missing or len(values) < len(given) or None in values.values():
            return None
        self.rule(values)
        return values

    def json_schema(self) -> JsonSchema:
        properties = {name: or_null(each.json_schema()) for name, each in self.keys.items()}
        required = {"required": list(self.required)} if self.required else {}
        return {"type": "object", "additionalProperties": False, **required, "properties": properties}


class OrTemplate(FieldType[str]):
    """Text of a type, or a template for it, which is not checked."""

    is_templated = True

    def __init__(self, text: ScalarType[str]) -> None:
        self._text = text
        self.words = text.words

    def _read(self, node: Node, report: Report) -> str | None:
        if not isinstance(node, Scalar) or not is_template(node.text):
            return self._text.read(node, report)
        check_template(node.text)
        return node.text

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self._text.json_schema(), {"type": "string", "pattern": r"\{[{%]"}]}


class Data(FieldType[Any]):
    """Any JSON value: text, a number, a boolean, null, or a list or a map of such values.

    The `check` rejects invalid scalars.
    """

    words = "a value"

    def __init__(self, check: Callable[[Scalar], None], *, is_templated: bool = False) -> None:
        self._check = check
        self.is_templated = is_templated

    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        if isinstance(node, ListNode):
            return [self.read(item, report) for item in node.items]
        if isinstance(node, MapNode):
            return {name: self.read(entry.value, report) for name, entry in node.entries.items()}
        self._check(node)
        return python_value(node)

    def json_schema(self) -> JsonSchema:
        return {}


def python_value(scalar: Scalar) -> str | int | float | bool | None:
    """Convert a scalar to a Python value; a date becomes text."""
    if scalar.kind == "trap" or is_null(scalar):
        return None
    if scalar.kind == "bool":
        return scalar.text.lower() == "true"
    if scalar.kind == "float":
        return float(scalar.text)
    return int(scalar.text) if scalar.kind == "int" else scalar.text


def without_null_keys(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the entries that are not null; nulls in nested maps stay."""
    return {name: entry for name, entry in entries.items() if not is_null(entry.value)}
