"""The kinds of values in the configuration. TOML has types, so a value of another type is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codegen.airflow_facts import VERSIONS
from codegen.diagnostics import InvalidError, nearest, printable, quoted
from codegen.source.nodes import ListNode, MapNode, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.keys.types import JsonSchema, Report

_NAMES = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "a boolean",
    "timestamp": "a date or a time",
}


def _got(node: Node) -> str:
    """The type of a value in words."""
    if isinstance(node, Scalar):
        return _NAMES[node.kind]
    return "a list" if isinstance(node, ListNode) else "a table"


def _wrong_type(node: Node, expected: str, hint: str) -> InvalidError:
    return InvalidError(f"expected {expected}, got {_got(node)}", hint)


def _check_visible(text: str) -> None:
    if printable(text) != text:
        raise InvalidError(f"{quoted(text)} contains invisible characters", "remove them")


class QuotedText:
    """Text; where a pattern is given, text that matches it as a whole."""

    is_templated = False

    def __init__(self, words: str = "text", pattern: str = "", hint: str = "") -> None:
        """Describe it.

        Args:
            words: what the text is, for the reference and for messages.
            pattern: a regular expression that both Python and JSON Schema understand.
            hint: how to fix text that does not match.
        """
        self.words = words
        self._pattern = pattern
        self._hint = hint

    def read(self, node: Node, report: Report) -> str | None:
        if not isinstance(node, Scalar) or node.kind != "str":
            hint = f'write "{node.text}"' if isinstance(node, Scalar) else "write it in quotes"
            report(_wrong_type(node, "text in quotes", hint).at(node.location))
            return None
        try:
            _check_visible(node.text)
            self._check(node.text)
        except InvalidError as error:
            report(error.at(node.location))
            return None
        return node.text

    def _check(self, text: str) -> None:
        """Refuse text that is not of this kind.

        Raises:
            InvalidError: it is not.
        """
        if self._pattern and not re.fullmatch(self._pattern, text):
            raise InvalidError(f"{quoted(text)} is not {self.words}", self._hint)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", **({"pattern": f"^(?:{self._pattern})$"} if self._pattern else {})}


class AirflowVersion(QuotedText):
    """A version of Airflow for which DAG files can be generated."""

    def __init__(self) -> None:
        super().__init__(f"one of {', '.join(f'`{version}`' for version in VERSIONS)}")

    def _check(self, text: str) -> None:
        if text not in VERSIONS:
            raise InvalidError(f"Airflow {quoted(text)} is not supported", f"one of {', '.join(VERSIONS)}")

    def json_schema(self) -> JsonSchema:
        return {"enum": list(VERSIONS)}


class Choice(QuotedText):
    """One of a few words."""

    def __init__(self, *choices: str) -> None:
        super().__init__(f"one of {', '.join(f'`{choice}`' for choice in choices)}")
        self._choices = choices

    def _check(self, text: str) -> None:
        if text not in self._choices:
            hint = nearest(text, self._choices) or "write one of them"
            raise InvalidError(f"{quoted(text)} is not {self.words}", hint)

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self._choices)}


class VersionSpecifier(QuotedText):
    """The versions of Dagpress that a project takes, as pip writes them."""

    def __init__(self) -> None:
        super().__init__("a version specifier")

    def _check(self, text: str) -> None:
        # It takes 10 ms to import, and few projects need it.
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415

        try:
            is_given = bool(list(SpecifierSet(text)))
        except InvalidSpecifier:
            is_given = False
        if not is_given:
            raise InvalidError(f"{quoted(text)} is not a version specifier", 'write one such as ">=0.2" or ">=0.2,<1"')


class GitignorePattern(QuotedText):
    """A pattern as a .gitignore has it."""

    def __init__(self) -> None:
        super().__init__("a gitignore pattern")

    def _check(self, text: str) -> None:
        # It takes 15 ms to import, and few projects need it.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        try:
            matches = any(pattern.include is not None for pattern in GitIgnoreSpec.from_lines([text]).patterns)
        except (ValueError, re.error):
            matches = False
        if not matches:
            hint = 'write one such as "drafts/" or "*.template.yml"'
            raise InvalidError(f"{quoted(text)} is not a gitignore pattern", hint)


class Boolean:
    """`true` or `false`."""

    words = "`true` or `false`"
    is_templated = False

    def read(self, node: Node, report: Report) -> bool | None:
        if not isinstance(node, Scalar) or node.kind != "bool":
            report(_wrong_type(node, "true or false", "write true or false, without quotes").at(node.location))
            return None
        return node.text == "true"

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


class TextList:
    """A list of texts."""

    is_templated = False

    def __init__(self, words: str, item: QuotedText, example: str) -> None:
        """Describe it.

        Args:
            words: what the list holds.
            item: the kind of each text.
            example: a list, for the hint.
        """
        self.words = words
        self._item = item
        self._example = example

    def read(self, node: Node, report: Report) -> tuple[str, ...] | None:
        if not isinstance(node, ListNode):
            error = _wrong_type(node, "a list of texts in quotes", f"write it as {self._example}")
            report(error.at(node.location))
            return None
        items = [self._item.read(item, report) for item in node.items]
        return tuple(item for item in items if item is not None)

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "items": self._item.json_schema()}


class TextTable:
    """A table whose keys are free, with a text for each."""

    is_templated = False

    def __init__(self, words: str, value: QuotedText, example: str) -> None:
        """Describe it.

        Args:
            words: what the table holds.
            value: the kind of each text.
            example: a table, for the hint.
        """
        self.words = words
        self._value = value
        self._example = example

    def read(self, node: Node, report: Report) -> Mapping[str, str] | None:
        if not isinstance(node, MapNode):
            report(_wrong_type(node, "a table", f"write it as {self._example}").at(node.location))
            return None
        values = {name: self._value.read(entry.value, report) for name, entry in node.entries.items()}
        return {name: value for name, value in values.items() if value is not None}

    def json_schema(self) -> JsonSchema:
        return {"type": "object", "additionalProperties": self._value.json_schema()}
