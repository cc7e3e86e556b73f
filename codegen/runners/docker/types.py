"""The kinds of values that Docker has: sizes, users and the addresses of hosts."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.types import PlainText, ScalarType, or_null
from codegen.source.nodes import MapNode, Node, Scalar, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.keys.types import JsonSchema, Report

# What docker-py reads (docker/utils/utils.py, `parse_bytes`), less what the engine's own client does not know.
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([bkmgt])b?", re.IGNORECASE)


class Size(ScalarType[str]):
    """A number of bytes with a unit; it stays as it is written."""

    words = "a size such as `512m` or `2g`"

    def __init__(self, least: str) -> None:
        self._least = least

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind in {"int", "float"}:
            raise InvalidError("a size needs a unit", f"write {scalar.text}m or {scalar.text}g")
        size = _bytes(scalar.text)
        if size is None:
            hint = "a number with one of Docker's units b, k, m, g and t, such as 512m"
            raise InvalidError(f"{quoted(scalar.text)} is not a size", hint)
        if size < (_bytes(self._least) or 0):
            raise InvalidError(f"Docker takes no less than {self._least}")
        return scalar.text

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\d+(?:\.\d+)?(?:[bB]|[kmgtKMGT][bB]?)$"}


def _bytes(text: str) -> float | None:
    match = _SIZE.fullmatch(text)
    # `bb` is no unit.
    return float(match[1]) * _UNITS[match[2].lower()] if match and not text.lower().endswith("bb") else None


class User(PlainText):
    """A user of the image, by name or number, with a group behind a colon or none."""

    def __init__(self) -> None:
        part = r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\$?"
        super().__init__("a user, as a name or a number", f"{part}(?::{part})?", "such as 1000, 1000:1000 or meltano")

    def convert(self, scalar: Scalar) -> str:
        return super().convert(replace(scalar, kind="str") if scalar.kind == "int" else scalar)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [super().json_schema(), {"type": "integer", "minimum": 0}]}


# The engine's own word for the address of its machine (moby, opts/hosts.go).
_GATEWAY = "host-gateway"
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]{0,251}[A-Za-z0-9_])?")


class Hosts:
    """Addresses by the names of hosts."""

    words = "a map of the names of hosts to addresses"
    is_templated = False

    def read(self, node: Node, report: Report) -> Mapping[str, str] | None:
        """The hosts whose name and address are valid; the others are reported."""
        if not isinstance(node, MapNode):
            hint = "write `name: address`"
            report(InvalidError(f"expected {self.words}, got {named(node)}", hint).at(node.location))
            return None
        hosts = {}
        for name, entry in node.entries.items():
            if not _HOST.fullmatch(name):
                report(InvalidError(f"{quoted(name)} is not the name of a host").at(entry.key_location))
            elif not _is_address(entry.value):
                found = quoted(entry.value.text) if isinstance(entry.value, Scalar) else named(entry.value)
                message = f"expected an IP address or `{_GATEWAY}`, got {found}"
                report(InvalidError(message).at(entry.value.location))
            elif isinstance(entry.value, Scalar):
                hosts[name] = entry.value.text
        return hosts

    def json_schema(self) -> JsonSchema:
        """A map of texts."""
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{_HOST.pattern}$"},
            "additionalProperties": or_null({"type": "string", "minLength": 1}),
        }


def _is_address(node: Node) -> bool:
    if not isinstance(node, Scalar) or node.kind != "str":
        return False
    try:
        ip_address(node.text)
    except ValueError:
        return node.text == _GATEWAY
    return True
