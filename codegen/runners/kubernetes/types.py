"""Types of values that only Kubernetes has: names, labels and quantities.

The rules for names and labels are those of apimachinery (pkg/util/validation/validation.go), the others those of the
API server (pkg/apis/core/validation/validation.go), both at https://github.com/kubernetes/kubernetes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

from codegen import rules
from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import MapOf, OrTemplate
from codegen.keys.field_type import FieldType, JsonSchema
from codegen.keys.texts import Text
from codegen.source.nodes import Scalar
from codegen.text.jinja import is_template

_LABEL = r"[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?"
_QUALIFIED = rf"(?:(?=[^/]{{1,253}}/){_SUBDOMAIN}/)?{_VALUE}"
_LONGEST_QUALIFIED = 253 + 1 + 63


class Rule(Text):
    """Text of a form that Kubernetes demands, which no template can have."""

    def __init__(self, words: str, pattern: str, hint: str, longest: int) -> None:
        super().__init__(words, pattern, hint)
        self._most = longest

    def convert(self, scalar: Scalar) -> str:
        if len(scalar.text) > self._most:
            raise InvalidError(f"has {len(scalar.text)} characters, Kubernetes allows {self._most}", "shorten it")
        if is_template(scalar.text):
            raise InvalidError("Airflow evaluates no template here", f"write {self.words}", rules.TEMPLATE)
        return super().convert(scalar)

    def json_schema(self) -> JsonSchema:
        return {**super().json_schema(), "maxLength": self._most}


class LabelValue(Rule):
    """The value of a label, which can be empty."""

    def __init__(self) -> None:
        hint = "letters, digits, `_`, `.` and `-`, with a letter or a digit at both ends"
        super().__init__("the value of a label", f"(?:{_VALUE})?", hint, 63)

    def convert(self, scalar: Scalar) -> str:
        return "" if scalar.kind == "str" and not scalar.text else super().convert(scalar)

    def json_schema(self) -> JsonSchema:
        return {**super().json_schema(), "minLength": 0}


class Quantity(Rule):
    """A number with a suffix of Kubernetes (apimachinery, pkg/api/resource/quantity.go); it stays as it is written."""

    def __init__(self, *, is_whole: bool) -> None:
        digits, suffixes = r"(?:\d+\.?\d*|\.\d+)", r"(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,3})"
        super().__init__("a quantity", f"{digits}{suffixes}?", "such as 500m for half a CPU, or 512Mi of memory", 40)
        self._is_whole = is_whole

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(replace(scalar, kind="str") if scalar.kind in {"int", "float"} else scalar)
        if self._is_whole and amount(text).denominator != 1:
            hint = f"write {quoted(text[:-1] + 'Mi')}" if text.endswith("m") else ""
            raise InvalidError(f"{quoted(text)} is not a whole number", hint or "there are only whole ones")
        return text

    def json_schema(self) -> JsonSchema:
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


class Resources(MapOf[str]):
    """Amounts of what a node has: parts of a CPU, whole bytes, and whole devices."""

    def __init__(self) -> None:
        hugepages = r"hugepages-\d+(?:[KMG]i)?"
        device = rf"(?=[^/]{{1,253}}/){_SUBDOMAIN}/{_VALUE}"
        pattern = f"cpu|memory|ephemeral-storage|{hugepages}|{device}"
        hint = "cpu, memory, ephemeral-storage, hugepages-2Mi, or a device such as nvidia.com/gpu"
        name = Rule("a resource", pattern, hint, _LONGEST_QUALIFIED)
        super().__init__("a map of resources to quantities", name, OrTemplate(Quantity(is_whole=False)))
        self._whole = OrTemplate(Quantity(is_whole=True))

    def _type_of(self, name: str) -> FieldType[Any]:
        """A CPU can be divided, all else cannot."""
        return self._value if name == "cpu" else self._whole


_DNS_HINT = "small letters, digits and `-`, with a letter or a digit at both ends"
LABEL_KEY = Rule(
    "the key of a label",
    _QUALIFIED,
    "a name of at most 63 letters, digits, `_`, `.` and `-`, such as `team` or `example.com/team`",
    _LONGEST_QUALIFIED,
)
LABEL_VALUE = LabelValue()
# RFC 1123's subdomain: most objects.
DNS_SUBDOMAIN = Rule("a name", _SUBDOMAIN, f"{_DNS_HINT}, in parts with a `.` between", 253)
