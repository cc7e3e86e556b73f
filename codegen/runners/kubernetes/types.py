"""Quantities of Kubernetes, and maps of resources to quantities."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import KeyName, MapOf, OrTemplate
from codegen.keys.field_type import FieldType, JsonSchema, ScalarType
from codegen.source.nodes import Scalar

QUANTITY_HINT = "write it as 500m for half a CPU, or 512Mi of memory"
_QUANTITY = r"(\d+(?:\.\d*)?|\.\d+)(?:([KMGTPE])i|([numkMGTPE])|[eE]([+-]?\d{1,3}))?"
_SUFFIXES = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DEVICE = r"[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9_.\-]*[A-Za-z0-9])?"


def amount(quantity: str) -> Fraction:
    """Return the number of a quantity (apimachinery, pkg/api/resource/quantity.go)."""
    match = re.fullmatch(_QUANTITY, quantity)
    if match is None:
        raise InvalidError(f"{quoted(quantity)} is not a quantity", QUANTITY_HINT)
    number, binary, decimal, exponent = match.groups()
    factor = Fraction(1024) ** ("KMGTPE".index(binary) + 1) if binary else Fraction(10) ** _SUFFIXES.get(decimal, 0)
    return Fraction(number.rstrip(".")) * factor * Fraction(10) ** int(exponent or 0)


class _Quantity(ScalarType[str]):
    """A number with a suffix of Kubernetes, unchanged as text."""

    words = "a quantity"
    hint = QUANTITY_HINT

    def __init__(self, *, is_whole: bool) -> None:
        self._is_whole = is_whole

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind not in {"str", "int", "float"}:
            raise self._wrong(scalar)
        text = scalar.text
        if amount(text).denominator != 1 and self._is_whole:
            hint = (
                f"write {quoted(text[:-1] + 'Mi')}"
                if text.endswith("m")
                else "round it: this resource cannot be divided"
            )
            raise InvalidError(f"{quoted(text)} is not a whole number", hint)
        return text

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "string", "pattern": f"^{_QUANTITY}$"}, {"type": "number", "minimum": 0}]}


class Resources(MapOf[str]):
    """A map of resources to quantities: fractions of a CPU, whole bytes and whole devices."""

    def __init__(self) -> None:
        pattern = rf"(?:cpu|memory|ephemeral-storage|hugepages-\d+(?:[KMG]i)?|{_DEVICE})"
        hint = "expected one of cpu, memory, ephemeral-storage, hugepages-2Mi, or a device such as nvidia.com/gpu"
        name = KeyName(pattern, "is not a resource", hint)
        super().__init__("a map of resources to quantities", name, OrTemplate(_Quantity(is_whole=False)))
        self._whole = OrTemplate(_Quantity(is_whole=True))

    def _type_of(self, name: str) -> FieldType[Any]:
        """Return the type of a quantity; only CPUs can be divided."""
        return self._value if name == "cpu" else self._whole
