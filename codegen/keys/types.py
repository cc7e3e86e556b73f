"""The kinds of values that a key can have: how each is read, and how a JSON Schema says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, nearest, printable, quoted
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null, named
from codegen.text.jinja import check_template, is_template
from codegen.text.shell import check_run
from codegen.timetable.interval import parse_interval

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Report = Callable[[Diagnostic], None]
JsonSchema = dict[str, Any]


@cache
def timezones() -> frozenset[str]:
    """The names of all timezones; to look for their files takes a while."""
    return frozenset(available_timezones())


def or_null(schema: JsonSchema) -> JsonSchema:
    """The JSON Schema of a key whose inherited value a null removes."""
    return {"anyOf": [schema, {"type": "null"}]}


class FieldType(Protocol[T_co]):
    """How a value is read.

    Attributes:
        words: what the reference says the value is.
    """

    words: str

    @property
    def is_templated(self) -> bool:
        """Whether Airflow evaluates templates in its texts; of a map with keys of its own, each key has a kind."""

    def read(self, node: Node, report: Report) -> T_co | None:
        """The value, or nothing after reporting what is wrong with it."""

    def json_schema(self) -> JsonSchema:
        """The same as a JSON Schema."""


class ScalarType(Generic[T]):
    """A single value; what it must be, `convert` knows."""

    words: str
    is_templated = False

    def read(self, node: Node, report: Report) -> T | None:
        """The value, or nothing after reporting what is wrong with it."""
        if not isinstance(node, Scalar):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        if node.kind == "trap":
            return None
        try:
            return self.convert(node)
        except InvalidError as error:
            report(error.at(node.location))
            return None

    def convert(self, scalar: Scalar) -> T:
        """The value of the scalar.

        Raises:
            InvalidError: it is none of this kind.
        """
        raise NotImplementedError

    def json_schema(self) -> JsonSchema:
        """The same as a JSON Schema."""
        raise NotImplementedError


class Text(ScalarType[str]):
    """Text; where a pattern is given, text that matches it as a whole."""

    def __init__(self, words: str = "text", pattern: str = "", hint: str = "", longest: int | None = None) -> None:
        self.words = words
        self._pattern = pattern
        self._hint = hint
        self._longest = longest

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind != "str":
            hint = f'quote it: "{scalar.text}"' if scalar.kind != "null" else "remove it"
            raise InvalidError(f"expected {self.words}, got {named(scalar)}", hint)
        refuse_unspeakable(scalar.text)
        if not scalar.text.strip():
            raise InvalidError(f"expected {self.words}, got an empty value", "leave the key out instead")
        if self._longest and len(scalar.text) > self._longest:
            raise InvalidError(f"has {len(scalar.text)} characters, Airflow allows {self._longest}", "shorten it")
        if self._pattern and not re.fullmatch(self._pattern, scalar.text):
            raise InvalidError(f"{quoted(scalar.text)} is not {self.words}", self._hint)
        return scalar.text

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "string", "minLength": 1}
        if self._longest:
            schema["maxLength"] = self._longest
        if self._pattern:
            schema["pattern"] = f"^(?:{self._pattern})$"
        return schema


class TemplatedText(Text):
    """Text in which Airflow evaluates templates."""

    is_templated = True

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        check_template(text)
        return text


class Markdown(Text):
    """Markdown, which can have several lines."""

    def __init__(self) -> None:
        super().__init__("Markdown")

    def json_schema(self) -> JsonSchema:
        return {**super().json_schema(), "contentMediaType": "text/markdown"}


class PlainText(Text):
    """Text where Airflow evaluates no templates, so there must be none."""

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        if is_template(text):
            raise InvalidError("Airflow evaluates no templates here", "write the value itself", rules.TEMPLATE)
        return text


class Name(Text):
    """A name that people read and Meltano knows: nothing in it hides, and no template."""

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        if printable(text) != text:
            message = f"{quoted(text)} contains invisible characters"
            raise InvalidError(message, "rename it", rules.UNREADABLE_NAME)
        if is_template(text):
            raise InvalidError(f"{quoted(text)}: a template cannot be a name", "write the name", rules.TEMPLATE)
        return text


class Run(Text):
    """What `meltano run` gets."""

    is_templated = True

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        check_run(text)
        return text


class IntervalText(Text):
    """A cron or an alias. Which time an `H` stands for is drawn later, from the schedule's name."""

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        parse_interval(text, seed="")
        return text


class Timezone(Text):
    """The name of a timezone, as the IANA database has it."""

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        try:
            ZoneInfo(text)
        except (OSError, ValueError, KeyError) as error:
            hint = nearest(text, timezones()) or "a name such as Europe/Berlin"
            raise InvalidError(f"{quoted(text)} is not a timezone", hint, rules.UNKNOWN_TIMEZONE) from error
        return text


class Boolean(ScalarType[bool]):
    """`true` or `false`."""

    words = "true or false"

    def convert(self, scalar: Scalar) -> bool:
        if scalar.kind != "bool":
            raise InvalidError(f"expected true or false, got {named(scalar)}", "write true or false, without quotes")
        return scalar.text.lower() == "true"

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


class Integer(ScalarType[int]):
    """A whole number."""

    def __init__(self, least: int = -(2**31), most: int = 2**31 - 1) -> None:
        # That of a database is no limit that a person meets.
        self.words = "a whole number" + (f", at least {least}" if least > -(2**31) else "")
        self._least = least
        self._most = most

    def convert(self, scalar: Scalar) -> int:
        if scalar.kind != "int":
            hint = "remove the quotes" if scalar.text.isdecimal() else ""
            raise InvalidError(f"expected {self.words}, got {named(scalar)}", hint)
        if len(scalar.text) > len(str(self._most)) + 1 or not self._least <= int(scalar.text) <= self._most:
            raise InvalidError(f"must be from {self._least} to {self._most}")
        return int(scalar.text)

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self._least, "maximum": self._most}


class Number(ScalarType[float]):
    """A number, with a decimal point or none."""

    def __init__(self, least: float, most: float) -> None:
        self.words = f"a number from {least} to {most}"
        self._least = least
        self._most = most

    def convert(self, scalar: Scalar) -> float:
        if scalar.kind not in {"int", "float"} or not re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", scalar.text):
            hint = "write it as 0.5 or 2, without quotes"
            raise InvalidError(f"expected {self.words}, got {quoted(scalar.text)}", hint)
        if not self._least <= float(scalar.text) <= self._most:
            raise InvalidError(f"must be from {self._least} to {self._most}")
        return float(scalar.text)

    def json_schema(self) -> JsonSchema:
        return {"type": "number", "minimum": self._least, "maximum": self._most}


class Choice(ScalarType[str]):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self._choices = words
        self.words = "one of " + ", ".join(f"`{word}`" for word in words)

    def convert(self, scalar: Scalar) -> str:
        if scalar.text not in self._choices:
            hint = nearest(scalar.text, self._choices) or f"one of {', '.join(self._choices)}"
            raise InvalidError(f"{quoted(scalar.text)} is not known here", hint)
        return scalar.text

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self._choices)}


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WITH_UNIT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?([smhdw])")
_ISO_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,9})W)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?"
)


class Duration(ScalarType[timedelta]):
    """A number with a unit (`s`, `m`, `h`, `d`, `w`), or an ISO 8601 duration of fixed length."""

    words = "a duration such as `5m`, `2h`, `1d` or `PT5M`"

    def __init__(self, *, may_be_zero: bool = False) -> None:
        self._may_be_zero = may_be_zero

    def convert(self, scalar: Scalar) -> timedelta:
        if scalar.kind in {"int", "float"}:
            raise InvalidError("a duration needs a unit", f"write {scalar.text}s, {scalar.text}m or {scalar.text}h")
        try:
            duration = _duration(scalar.text.strip())
        except OverflowError as error:
            raise InvalidError(f"{quoted(scalar.text)} is too long for Python") from error
        if not duration and not self._may_be_zero:
            raise InvalidError("must be greater than zero", "leave the key out for no limit")
        return duration

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^(?:\d+(?:\.\d+)? ?[smhdw]|P[0-9WDTHMS.]+)$"}


def _duration(text: str) -> timedelta:
    if match := _WITH_UNIT.fullmatch(text):
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    match = _ISO_DURATION.fullmatch(text)
    if match and any(match.groupdict().values()):
        return timedelta(**{unit: float(amount) for unit, amount in match.groupdict().items() if amount})
    raise InvalidError(
        f"{quoted(text)} is not a duration", "a number with a unit, such as 30s, 5m, 2h or 1d; or ISO 8601: PT5M"
    )


_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?"
    r" ?(Z|z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?"
)
# Near the first and the last year that Python knows, no other timezone has that moment.
_YEARS = range(1900, 3000)


class DateTime(ScalarType[datetime]):
    """A date, or a date and time: in the schedule's timezone, unless it has an offset of its own."""

    words = "a date, or a date and time"

    def convert(self, scalar: Scalar) -> datetime:
        match = _MOMENT.fullmatch(scalar.text.strip())
        hint = "write 2024-01-31, or 2024-01-31T06:00:00"
        if not match or (match[8] and not match[4]):
            raise InvalidError(f"{quoted(scalar.text)} is not a date", hint)
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        microsecond = int((match[7] or "").ljust(6, "0"))
        if year not in _YEARS:
            raise InvalidError(f"the year {year:04} is out of range", f"from {_YEARS[0]} to {_YEARS[-1]}")
        try:
            naive = datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001  # it gets its zone below
            return naive.replace(tzinfo=_offset(match[8])) if match[8] else naive
        except ValueError as error:  # Python's own words differ between versions
            raise InvalidError(f"{quoted(scalar.text)} is not a date: no such day or time", hint) from error

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}


def _offset(text: str) -> timezone:
    if text in {"Z", "z"}:
        return timezone.utc
    hours, minutes = int(text[1:3]), int(text[-2:])
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=hours, minutes=minutes))


class TextList:
    """A list of texts, or one text alone."""

    def __init__(self, words: str, item: ScalarType[str], *, each_once: bool = True, least: int = 0) -> None:
        self._least = least
        self._item = item
        self.is_templated = item.is_templated
        self._each_once = each_once
        self.words = words

    def read(self, node: Node, report: Report) -> tuple[str, ...] | None:
        """The items in order, each of them once unless they may come again."""
        if isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got a map").at(node.location))
            return None
        nodes = node.items if isinstance(node, ListNode) else (node,)
        if len(nodes) < self._least:
            report(InvalidError(f"expected {self.words}, got an empty list", "name one").at(node.location))
            return None
        items = [item for node in nodes if (item := self._item.read(node, report)) is not None]
        return tuple(dict.fromkeys(items)) if self._each_once else tuple(items)

    def json_schema(self) -> JsonSchema:
        """Either the list or the item."""
        least = {"minItems": self._least} if self._least else {}
        return {"anyOf": [{"type": "array", **least, "items": self._item.json_schema()}, self._item.json_schema()]}


# Bash reads these while it starts, or gives them a value of its own (bash(1), "Shell Variables").
_BASH_NAMES = re.compile(
    "_|BASH.*|COMP_WORDBREAKS|DIRSTACK|ENV|EPOCHREALTIME|EPOCHSECONDS|EUID|FUNCNAME|GROUPS|HISTCMD|IFS|LINENO|OLDPWD|"
    "OPTERR|OPTIND|PIPESTATUS|POSIXLY_CORRECT|PPID|PS1|PS4|PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID"
)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Linux takes at most 128 KiB for one `NAME=value` with its final NUL (MAX_ARG_STRLEN in linux/binfmts.h).
_LONGEST_VARIABLE = 128 * 1024 - 1


class Environment:
    """Environment variables. A value is what the file says, character by character: `1.10` stays `1.10`."""

    words = "a map of names to values"
    is_templated = True

    def read(self, node: Node, report: Report) -> Mapping[str, str | None] | None:
        """The variables that are valid, the others are reported; null takes away a variable of the schedule."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        variables: dict[str, str | None] = {}
        for name, entry in node.entries.items():
            try:
                check_env_name(name)
            except InvalidError as error:
                report(error.at(entry.key_location))
                continue
            if is_null(entry.value):
                variables[name] = None
            elif (value := self._value(name, entry, report)) is not None:
                variables[name] = value
        return variables

    def _value(self, name: str, entry: Entry, report: Report) -> str | None:
        try:
            return _env_value(name, entry.value)
        except InvalidError as error:
            report(error.at(entry.value.location))
            return None

    def json_schema(self) -> JsonSchema:
        """A map of single values."""
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{_ENV_NAME.pattern}$"},
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        }


def check_env_name(name: str) -> None:
    """Refuse what no variable of a task can be called.

    Raises:
        InvalidError: with the reason and the cure.
    """
    if not _ENV_NAME.fullmatch(name):
        raise InvalidError(
            f"{quoted(name)} is not the name of an environment variable",
            "letters, digits and _, not starting with a digit",
        )
    if name.startswith("AIRFLOW_CTX_"):
        raise InvalidError(f"{quoted(name)} is set by Airflow itself for each task", "choose another name")
    if _BASH_NAMES.fullmatch(name):
        raise InvalidError(f"{quoted(name)} is bash's own, which runs the task", "choose another name")
    if re.fullmatch(r"ARGUMENT_\d+", name):
        raise InvalidError(f"{quoted(name)} is what generated commands call their own arguments", "choose another name")


def _env_value(name: str, node: Node) -> str:
    if not isinstance(node, Scalar):
        hint = "write JSON in single quotes: '{\"a\": 1}'"
        raise InvalidError(f"expected a single value, got {named(node)}", hint)
    refuse_unspeakable(node.text)
    if len(f"{name}={node.text}".encode()) > _LONGEST_VARIABLE:
        hint = "put it into a file of the project"
        raise InvalidError("is longer than the 128 KiB that Linux takes for a variable", hint)
    check_template(node.text)
    return node.text


def refuse_unspeakable(text: str) -> None:
    """Refuse what no file, argument or environment variable can hold."""
    if "\x00" in text:
        raise InvalidError("contains the character U+0000, which cannot be passed to a program", "remove it")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidError(
            "contains half of a surrogate pair, which is not a character",
            'write the character itself, or "\\U0001F600"',
        )
