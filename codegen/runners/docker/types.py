"""Types of values that only Docker has: sizes, users and the addresses of hosts."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import KeyName, MapOf
from codegen.keys.field_type import JsonSchema, ScalarType
from codegen.keys.texts import PlainText
from codegen.source.nodes import Scalar

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


class _Address(ScalarType[str]):
    """An IP address, or the engine's word for its machine."""

    words = f"an IP address or `{_GATEWAY}`"

    def convert(self, scalar: Scalar) -> str:
        with suppress(ValueError):
            if scalar.kind == "str" and (scalar.text == _GATEWAY or ip_address(scalar.text)):
                return scalar.text
        raise InvalidError(f"expected {self.words}, got {quoted(scalar.text)}")

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1}


_HOST = KeyName(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]{0,251}[A-Za-z0-9_])?", "is not the name of a host")
HOSTS: MapOf[str] = MapOf("a map of the names of hosts to addresses", _HOST, _Address(), hint="write `name: address`")
