"""Types of single values other than text: booleans, numbers, choices, durations and dates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from codegen.diagnostics import InvalidError, nearest, quoted
from codegen.keys.field_type import JsonSchema, ScalarType
from codegen.source.nodes import Scalar, type_name
from codegen.text.durations import duration_of
from codegen.text.jinja import check_template, is_template


class Boolean(ScalarType[bool]):
    """`true` or `false`."""

    words = "true or false"

    def convert(self, scalar: Scalar) -> bool:
        if scalar.kind != "bool":
            raise InvalidError(
                f"expected true or false, got {type_name(scalar)}", "write true or false, without quotes"
            )
        return scalar.text.lower() == "true"

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


class BooleanOrTemplate(ScalarType[bool | str]):
    """`true`, `false`, or a template that renders to one of them."""

    words = "true or false, or a template"
    is_templated = True

    def convert(self, scalar: Scalar) -> bool | str:
        if scalar.kind == "str" and is_template(scalar.text):
            check_template(scalar.text)
            return scalar.text
        return Boolean().convert(scalar)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": r"\{[{%]"}]}


class Integer(ScalarType[int]):
    """A whole number."""

    def __init__(self, minimum: int = -(2**31), maximum: int = 2**31 - 1) -> None:
        # The limits of a database column are not worth mentioning.
        self.words = "a whole number" + (f", at least {minimum}" if minimum > -(2**31) else "")
        self._minimum = minimum
        self._maximum = maximum

    def convert(self, scalar: Scalar) -> int:
        if scalar.kind != "int":
            hint = "remove the quotes" if scalar.text.isdecimal() else ""
            raise InvalidError(f"expected {self.words}, got {type_name(scalar)}", hint)
        if len(scalar.text) > len(str(self._maximum)) + 1 or not self._minimum <= int(scalar.text) <= self._maximum:
            limits = f"from {self._minimum} to {self._maximum}"
            raise InvalidError(f"expected a whole number {limits}, got {quoted(scalar.text)}")
        return int(scalar.text)

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self._minimum, "maximum": self._maximum}


class Choice(ScalarType[str]):
    """One of a fixed set of words."""

    def __init__(self, *words: str) -> None:
        self._choices = words
        self.words = "one of " + ", ".join(f"`{word}`" for word in words)

    def convert(self, scalar: Scalar) -> str:
        if scalar.text not in self._choices:
            hint = nearest(scalar.text, self._choices) or f"expected one of {', '.join(self._choices)}"
            raise InvalidError(f"{quoted(scalar.text)} is not a valid value", hint)
        return scalar.text

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self._choices)}


class Duration(ScalarType[timedelta]):
    """A number with a unit (`s`, `m`, `h`, `d`, `w`), or an ISO 8601 duration of fixed length."""

    words = "a duration such as `5m`, `2h`, `1d` or `PT5M`"

    def __init__(self, *, may_be_zero: bool = False) -> None:
        self._may_be_zero = may_be_zero

    def convert(self, scalar: Scalar) -> timedelta:
        if scalar.kind in {"int", "float"}:
            raise InvalidError("a duration needs a unit", f"write {scalar.text}s, {scalar.text}m or {scalar.text}h")
        duration = duration_of(scalar.text.strip())
        if duration is None:
            hint = "write a number with a unit, such as 30s, 5m, 2h or 1d; or ISO 8601: PT5M"
            raise InvalidError(f"{quoted(scalar.text)} is not a duration", hint)
        if not duration and not self._may_be_zero:
            raise InvalidError(
                f"expected a duration greater than zero, got {quoted(scalar.text)}", "leave the key out for no limit"
            )
        return duration

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^(?:\d+(?:\.\d+)? ?[smhdw]|P[0-9WDTHMS.]+)$"}


_DATE_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?"
    r" ?(Z|z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?"
)
# Outside of these years, a conversion to another timezone can fail.
_YEARS = range(1900, 3000)


class DateTime(ScalarType[datetime]):
    """A date, or a date and time, in the schedule's timezone unless it has an offset."""

    words = "a date, or a date and time"

    def convert(self, scalar: Scalar) -> datetime:
        match = _DATE_TIME.fullmatch(scalar.text.strip())
        hint = "write 2024-01-31, or 2024-01-31T06:00:00"
        if not match or (match[8] and not match[4]):
            raise InvalidError(f"{quoted(scalar.text)} is not a date", hint)
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        microsecond = int((match[7] or "").ljust(6, "0"))
        if year not in _YEARS:
            raise InvalidError(f"the year {year:04} is out of range", f"use a year from {_YEARS[0]} to {_YEARS[-1]}")
        try:
            naive = datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001  # it gets its zone below
            return naive.replace(tzinfo=datetime.strptime(match[8].upper(), "%z").tzinfo) if match[8] else naive
        except ValueError as error:  # Python's message differs between versions
            raise InvalidError(f"{quoted(scalar.text)} is not a date: no such day or time", hint) from error

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}
