"""Reads scalars like Meltano, as YAML 1.2: `007` is 7, `1e5` is a number, and `on` is text."""

from __future__ import annotations

import re

from codegen.diagnostics import InvalidError
from codegen.keys.scalars import DateTime
from codegen.source.nodes import Scalar

# The patterns of ruamel.yaml for YAML 1.2, which allow underscores (ruamel/yaml/resolver.py, `implicit_resolvers`).
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(?:0b[0-1_]+|0o[0-7_]+|_*[0-9][0-9_]*|0x[0-9a-fA-F_]+)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+)")

# YAML timestamps (https://yaml.org/type/timestamp.html), which have more forms than our dates.
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?"
    r"(?:[ \t]*(?:([Zz])|([-+])(\d{1,2})(?::?(\d{2}))?))?)?"
)


def is_text(scalar: Scalar) -> bool:
    """Return whether Meltano reads the value as text."""
    if not scalar.is_plain:
        return scalar.kind == "str"
    is_other = any(pattern.fullmatch(scalar.text) for pattern in (_BOOL, _INT, _FLOAT))
    return not is_other and scalar.kind not in {"timestamp", "null"}


def meltano_date(scalar: Scalar) -> Scalar:
    """Return a date from Meltano in a form that `DateTime` accepts; other values are unchanged."""
    text = scalar.text.strip()
    try:
        DateTime().convert(Scalar("str", text, scalar.location))
    except InvalidError:
        match = _TIMESTAMP.fullmatch(text)
        return Scalar("timestamp", _canonical(match), scalar.location) if match else scalar
    return Scalar("timestamp", text, scalar.location)


def _canonical(match: re.Match[str]) -> str:
    """Return a YAML timestamp in ISO 8601: `2024-1-31 6:00:00 +1` becomes `2024-01-31T06:00:00+01:00`."""
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = match.groups()
    text = f"{year}-{int(month):02}-{int(day):02}"
    if hour is None:
        return text
    text += f"T{int(hour):02}:{int(minute):02}:{int(second or 0):02}"
    text += f".{fraction[:6]}" if fraction else ""
    return text + ("Z" if utc else f"{sign}{int(hours):02}:{minutes or '00'}" if sign else "")
