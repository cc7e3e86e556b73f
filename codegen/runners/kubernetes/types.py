"""The kinds of values that Kubernetes has: names, labels, quantities, and objects that are read strictly.

The rules for names and labels are those of apimachinery (pkg/util/validation/validation.go), the others those of the
API server (pkg/apis/core/validation/validation.go), both at https://github.com/kubernetes/kubernetes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, nearest, quoted
from codegen.keys.table import without_null_keys
from codegen.keys.types import FieldType, Text, or_null
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, named
from codegen.text.jinja import check_template, is_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codegen.keys.types import JsonSchema, Report

_LABEL = r"[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?"
_QUALIFIED = rf"(?:(?=[^/]{{1,253}}/){_SUBDOMAIN}/)?{_VALUE}"
_LONGEST_QUALIFIED = 253 + 1 + 63


class Rule(Text):
    """Text of a form that Kubernetes demands, which no template can have."""

    def __init__(self, words: str, pattern: str, hint: str, longest: int) -> None:
        """Describe it.

        Args:
            words: what it is.
            pattern: what it must match as a whole.
            hint: how to write it.
            longest: the most characters that Kubernetes takes.
        """
        super().__init__(words, pattern, hint)
        self._most = longest

    def convert(self, scalar: Scalar) -> str:
        """The text, if Kubernetes takes it."""
        if len(scalar.text) > self._most:
            raise InvalidError(f"has {len(scalar.text)} characters, Kubernetes allows {self._most}", "shorten it")
        if is_template(scalar.text):
            raise InvalidError("Airflow evaluates no template here", f"write {self.words}", rules.TEMPLATE)
        return super().convert(scalar)

    def json_schema(self) -> JsonSchema:
        """The same with the length."""
        return {**super().json_schema(), "maxLength": self._most}


class LabelValue(Rule):
    """The value of a label, which can be empty."""

    def __init__(self) -> None:
        hint = "letters, digits, `_`, `.` and `-`, with a letter or a digit at both ends"
        super().__init__("the value of a label", f"(?:{_VALUE})?", hint, 63)

    def convert(self, scalar: Scalar) -> str:
        """The text, if Kubernetes takes it."""
        return "" if scalar.kind == "str" and not scalar.text else super().convert(scalar)

    def json_schema(self) -> JsonSchema:
        """The same with the empty text."""
        return {**super().json_schema(), "minLength": 0}


class Quantity(Rule):
    """A number with a suffix of Kubernetes (apimachinery, pkg/api/resource/quantity.go); it stays as it is written."""

    def __init__(self, *, is_whole: bool) -> None:
        """Describe it.

        Args:
            is_whole: whether no part of one is possible, as with bytes.
        """
        digits, suffixes = r"(?:\d+\.?\d*|\.\d+)", r"(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,3})"
        super().__init__("a quantity", f"{digits}{suffixes}?", "such as 500m for half a CPU, or 512Mi of memory", 40)
        self._is_whole = is_whole

    def convert(self, scalar: Scalar) -> str:
        """The text, if it is such a number."""
        text = super().convert(replace(scalar, kind="str") if scalar.kind in {"int", "float"} else scalar)
        if self._is_whole and amount(text).denominator != 1:
            hint = f"write {quoted(text[:-1] + 'Mi')}" if text.endswith("m") else ""
            raise InvalidError(f"{quoted(text)} is not a whole number", hint or "there are only whole ones")
        return text

    def json_schema(self) -> JsonSchema:
        """Text or a number."""
        return {"anyOf": [super().json_schema(), {"type": "number", "minimum": 0}]}


_SMALL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def amount(quantity: str) -> Fraction:
    """The number that a quantity is."""
    match = re.fullmatch(r"([\d.]+)(?:([KMGTPE])i|([numkMGTPE])|[eE]([+-]?\d+))?", quantity)
    if match is None:
        raise ValueError(quantity)
    number, binary, decimal, exponent = match.groups()
    factor = Fraction(1024) ** ("KMGTPE".index(binary) + 1) if binary else Fraction(10) ** _SMALL.get(decimal, 0)
    return Fraction(number.rstrip(".")) * factor * Fraction(10) ** int(exponent or 0)


class OrTemplate:
    """A text by a rule, or a template of Airflow, of which only Airflow knows what it becomes."""

    is_templated = True

    def __init__(self, kind: Text) -> None:
        self._kind = kind
        self.words = kind.words

    def read(self, node: Node, report: Report) -> str | None:
        """The text, or nothing after reporting what is wrong with it."""
        if not isinstance(node, Scalar) or not is_template(node.text):
            return self._kind.read(node, report)
        try:
            check_template(node.text)
        except InvalidError as error:
            report(error.at(node.location))
            return None
        return node.text

    def json_schema(self) -> JsonSchema:
        """Either of them."""
        return {"anyOf": [self._kind.json_schema(), {"type": "string", "pattern": r"\{[{%]"}]}


class MapOf:
    """A map from names to values of one kind."""

    def __init__(self, words: str, name: Text, value: FieldType[Any]) -> None:
        self.words = words
        self._name = name
        self._value = value
        self.is_templated = value.is_templated

    def read(self, node: Node, report: Report) -> Mapping[str, Any] | None:
        """The entries that are valid; the others are reported."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        values = {}
        for name, entry in node.entries.items():
            if self._name.read(Scalar("str", name, entry.key_location), report) is None:
                continue
            value = self.value_kind(name).read(entry.value, report)
            if value is not None:
                values[name] = value
        return values

    def value_kind(self, _name: str) -> FieldType[Any]:
        """How the value of that name is read."""
        return self._value

    def json_schema(self) -> JsonSchema:
        """A map whose names are checked too."""
        values = or_null(self._value.json_schema())
        return {"type": "object", "propertyNames": self._name.json_schema(), "additionalProperties": values}


class Resources(MapOf):
    """Amounts of what a node has: parts of a CPU, whole bytes, and whole devices."""

    def __init__(self) -> None:
        hugepages = r"hugepages-\d+(?:[KMG]i)?"
        device = rf"(?=[^/]{{1,253}}/){_SUBDOMAIN}/{_VALUE}"
        pattern = f"cpu|memory|ephemeral-storage|{hugepages}|{device}"
        hint = "cpu, memory, ephemeral-storage, hugepages-2Mi, or a device such as nvidia.com/gpu"
        name = Rule("a resource", pattern, hint, _LONGEST_QUALIFIED)
        super().__init__("a map of resources to quantities", name, OrTemplate(Quantity(is_whole=False)))
        self._whole = OrTemplate(Quantity(is_whole=True))

    def value_kind(self, name: str) -> FieldType[Any]:
        """A CPU can be divided, all else cannot."""
        return self._value if name == "cpu" else self._whole


class Object:
    """A map with the keys of one of Kubernetes' objects; one that is unknown is wrong, since Airflow would drop it."""

    def __init__(
        self,
        words: str,
        keys: Mapping[str, FieldType[Any]],
        required: tuple[str, ...] = (),
        rule: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        """Describe it.

        Args:
            words: what it is.
            keys: its keys, as Kubernetes' documentation of the API has them, and how the value of each is read.
            required: the keys that it must have.
            rule: refuses, with an `InvalidError`, values that are valid each and not together.
        """
        self.words = words
        self._keys = keys
        self.is_templated = any(kind.is_templated for kind in keys.values())
        self._required = required
        self._rule = rule

    def read(self, node: Node, report: Report) -> dict[str, Any] | None:
        """The object as plain data, or nothing after reporting what is wrong with it."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        given = without_null_keys(node)
        values = {}
        for name, entry in given.items():
            if name not in self._keys:
                hint = nearest(name, self._keys) or "known are " + ", ".join(f"`{key}`" for key in self._keys)
                message = f"{quoted(name)} is not a key of {self.words}"
                report(Diagnostic(rules.UNKNOWN_KEY, message, entry.key_location, hint))
                continue
            values[name] = self._keys[name].read(entry.value, report)
        missing = [name for name in self._required if name not in given]
        for name in missing:
            report(Diagnostic(rules.MISSING_KEY, f"{self.words} needs `{name}`", node.location, f"add `{name}`"))
        if missing or len(values) < len(given) or any(value is None for value in values.values()):
            return None
        return values if self._obeys(values, node, report) else None

    def _obeys(self, values: Mapping[str, Any], node: Node, report: Report) -> bool:
        try:
            if self._rule:
                self._rule(values)
        except InvalidError as error:
            report(error.at(node.location))
            return False
        return True

    def json_schema(self) -> JsonSchema:
        """The same as a JSON Schema, less the rule."""
        properties = {name: or_null(kind.json_schema()) for name, kind in self._keys.items()}
        required = {"required": list(self._required)} if self._required else {}
        return {"type": "object", "additionalProperties": False, **required, "properties": properties}


class ListOf:
    """A list of values of one kind."""

    def __init__(self, words: str, item: FieldType[Any], *, least: int = 0) -> None:
        self.words = words
        self._item = item
        self.is_templated = item.is_templated
        self._least = least

    def read(self, node: Node, report: Report) -> tuple[Any, ...] | None:
        """The items, or nothing after reporting what is wrong with them."""
        if not isinstance(node, ListNode):
            hint = "start each with a dash"
            report(InvalidError(f"expected {self.words}, got {named(node)}", hint).at(node.location))
            return None
        if len(node.items) < self._least:
            report(
                InvalidError(f"expected {self.words}, got an empty list", "leave the key out instead").at(node.location)
            )
            return None
        items = tuple(self._item.read(item, report) for item in node.items)
        return None if any(item is None for item in items) else items

    def json_schema(self) -> JsonSchema:
        """A list."""
        return {"type": "array", "minItems": self._least, "items": self._item.json_schema()}


_DNS_HINT = "small letters, digits and `-`, with a letter or a digit at both ends"
LABEL_KEY = Rule(
    "the key of a label",
    _QUALIFIED,
    "a name of at most 63 letters, digits, `_`, `.` and `-`, such as `team` or `example.com/team`",
    _LONGEST_QUALIFIED,
)
LABEL_VALUE = LabelValue()
# RFC 1123's label: namespaces, volumes.
DNS_LABEL = Rule("a name", _LABEL, _DNS_HINT, 63)
# RFC 1123's subdomain: most objects.
DNS_SUBDOMAIN = Rule("a name", _SUBDOMAIN, f"{_DNS_HINT}, in parts with a `.` between", 253)
# A key of a secret or a config map (`IsConfigMapKey`).
DATA_KEY = Rule("a key", r"(?!\.\.|\.$)[A-Za-z0-9_.\-]+", "letters, digits, `_`, `.` and `-`", 253)
