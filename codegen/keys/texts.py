"""Types of text: free text, patterns, templates, names, and the syntax of Airflow, Meltano and cron."""

from __future__ import annotations

import keyword
import re
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from codegen import rules
from codegen.diagnostics import InvalidError, nearest, printable, quoted
from codegen.keys.field_type import JsonSchema, ScalarType
from codegen.source.nodes import Scalar, type_name
from codegen.text.ids import GROUP_ID, ID, MAX_GROUP_ID_LENGTH, MAX_ID_LENGTH, composed
from codegen.text.jinja import check_template, is_template
from codegen.text.shell import check_run
from codegen.timetable.interval import parse_interval

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


@cache
def timezones() -> frozenset[str]:
    """Return the names of all timezones; cached, since it reads the file system."""
    return frozenset(available_timezones())


class Text(ScalarType[str]):
    """Text, which must fully match the pattern, if there is one."""

    def __init__(self, words: str = "text", pattern: str = "", hint: str = "", max_length: int | None = None) -> None:
        self.words = words
        self._pattern = pattern
        self._hint = hint
        self._max_length = max_length

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind != "str":
            hint = f'quote it: "{scalar.text}"' if scalar.kind != "null" else "remove it"
            raise InvalidError(f"expected {self.words}, got {type_name(scalar)}", hint)
        check_characters(scalar.text)
        if not scalar.text.strip():
            raise InvalidError(f"expected {self.words}, got an empty value", "leave the key out instead")
        if self._max_length and len(scalar.text) > self._max_length:
            message = f"this value has {len(scalar.text)} characters; Airflow allows {self._max_length}"
            raise InvalidError(message, "shorten it")
        if self._pattern and not re.fullmatch(self._pattern, scalar.text):
            raise InvalidError(f"{quoted(scalar.text)} is not {self.words}", self._hint)
        self._check(scalar.text)
        return scalar.text

    def _check(self, text: str) -> None:
        """Raise an `InvalidError` for other invalid text, after the pattern has matched."""

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "string", "minLength": 1}
        if self._max_length:
            schema["maxLength"] = self._max_length
        if self._pattern:
            schema["pattern"] = f"^(?:{self._pattern})$"
        return schema


class FullName(Text):
    """The full name of an importable Python object: the module and the name."""

    def __init__(self, words: str, hint: str) -> None:
        super().__init__(words, rf"(?:{_NAME}\.)+{_NAME}", hint, 250)

    def _check(self, text: str) -> None:
        check_importable(text)


def check_importable(full_name: str) -> None:
    """Refuse the full name of an object that cannot be imported."""
    if full_name.startswith("__future__."):
        raise InvalidError("`__future__` imports only work at the top of a file", "name another module")
    for part in full_name.split("."):
        if is_python_keyword(part):
            raise InvalidError(f"{quoted(part)} is a Python keyword", "rename the module, or the object")


def is_python_keyword(name: str) -> bool:
    """Return whether a name is a Python keyword, which cannot be the name of an argument or a module."""
    return keyword.iskeyword(name) or name == "__debug__"


class TemplatedText(Text):
    """Text in which Airflow renders templates."""

    is_templated = True

    def _check(self, text: str) -> None:
        check_template(text)


class Markdown(Text):
    """Markdown, of one line or more."""

    def __init__(self) -> None:
        super().__init__("Markdown")

    def json_schema(self) -> JsonSchema:
        return {**super().json_schema(), "contentMediaType": "text/markdown"}


class PlainText(Text):
    """Text in which Airflow does not render templates, so they are refused."""

    def _check(self, text: str) -> None:
        if is_template(text):
            raise InvalidError("Airflow renders no templates here", "write the value itself", rules.TEMPLATE)


class Name(Text):
    """A name in Meltano or of a schedule, without invisible characters and templates."""

    def _check(self, text: str) -> None:
        if printable(text) != text:
            message = f"{quoted(text)} contains invisible characters"
            raise InvalidError(message, "rename it", rules.UNREADABLE_NAME)
        if composed(text) != text:
            message = f"{quoted(ascii(text)[1:-1])} is not {quoted(composed(text))}, but looks the same"
            raise InvalidError(message, f"write {quoted(composed(text))}", rules.UNREADABLE_NAME)
        if is_template(text):
            raise InvalidError(
                f"{quoted(text)} is a template, which cannot be a name", "write the name", rules.TEMPLATE
            )


class Id(Name):
    """An Airflow ID; the ID of a task group cannot contain dots."""

    def __init__(self, words: str, *, of_group: bool = False) -> None:
        self._characters = GROUP_ID if of_group else ID
        others, max_length = ("`_` and `-`", MAX_GROUP_ID_LENGTH) if of_group else ("`_`, `.` and `-`", MAX_ID_LENGTH)
        # In JavaScript, `\w` is ASCII only, so the JSON Schema leaves other characters to `_check`.
        pattern = rf"[^\x00-,{'.' if of_group else ''}/:-@\[-^`{{-\x7f]+"
        super().__init__(words, pattern, f"use letters, digits, {others}", max_length)

    def _check(self, text: str) -> None:
        super()._check(text)
        if not self._characters.fullmatch(text):
            raise InvalidError(f"{quoted(text)} is not {self.words}", self._hint)


class Run(Text):
    """The arguments of `meltano run`."""

    is_templated = True

    def _check(self, text: str) -> None:
        check_run(text)


class IntervalText(Text):
    """A cron expression or an alias. The values of an `H` are derived later from the schedule's name."""

    def _check(self, text: str) -> None:
        parse_interval(text, seed="")


class Timezone(Text):
    """The name of a timezone in the IANA database."""

    def _check(self, text: str) -> None:
        try:
            ZoneInfo(text)
        except (OSError, ValueError, KeyError) as error:
            # Not an abbreviation such as EST, which has no DST changes.
            places = (name for name in timezones() if "/" in name or name == "UTC")
            hint = nearest(text, places) or "write a name such as Europe/Berlin"
            raise InvalidError(f"{quoted(text)} is not a timezone", hint, rules.UNKNOWN_TIMEZONE) from error


def check_characters(text: str) -> None:
    """Refuse characters that a file, an argument or an environment variable cannot contain."""
    if "\x00" in text:
        raise InvalidError("this value contains the character U+0000, which cannot be passed to a program", "remove it")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidError(
            "this value contains half of a surrogate pair, which is not a character",
            'write the character itself, or "\\U0001F600"',
        )
