"""Value types of the configuration. TOML is typed, so a value of the wrong type is an error."""

from __future__ import annotations

import re

from codegen.airflow_facts import VERSIONS
from codegen.diagnostics import InvalidError, nearest, printable, quoted
from codegen.keys.containers import ListOf, MapOf
from codegen.keys.field_type import JsonSchema
from codegen.keys.texts import Text
from codegen.source.nodes import Scalar, type_name


class QuotedText(Text):
    """Text, which may be empty; with a pattern, the whole text must match."""

    expected = "text in quotes"
    hint = "write it in quotes"

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind != "str":
            raise InvalidError(f"expected {self.expected}, got {type_name(scalar)}", f'write "{scalar.text}"')
        if printable(scalar.text) != scalar.text:
            raise InvalidError(f"{quoted(scalar.text)} contains invisible characters", "remove them")
        self._check(scalar.text)
        return scalar.text

    def _check(self, text: str) -> None:
        if self._pattern and not re.fullmatch(self._pattern, text):
            raise InvalidError(f"{quoted(text)} is not {self.words}", self._hint)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", **({"pattern": f"^(?:{self._pattern})$"} if self._pattern else {})}


class QuotedChoice(QuotedText):
    """One of several words."""

    expected = ""
    hint = "write one of them, in quotes"

    def __init__(self, *choices: str) -> None:
        super().__init__(f"one of {', '.join(f'`{choice}`' for choice in choices)}")
        self._choices = choices

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind != "str":
            raise self._wrong(scalar)
        return super().convert(scalar)

    def _check(self, text: str) -> None:
        if text not in self._choices:
            hint = nearest(text, self._choices) or f"expected one of {', '.join(self._choices)}"
            raise InvalidError(f"{quoted(text)} is not a valid value", hint)

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self._choices)}


class AirflowVersion(QuotedChoice):
    """A supported Airflow version."""

    expected = QuotedText.expected
    hint = QuotedText.hint

    def __init__(self) -> None:
        super().__init__(*VERSIONS)

    def convert(self, scalar: Scalar) -> str:
        if scalar.kind != "str":
            raise InvalidError(f"expected {self.expected}, got {type_name(scalar)}", _version_hint(scalar.text))
        return super().convert(scalar)

    def _check(self, text: str) -> None:
        if text not in VERSIONS:
            raise InvalidError(f"Airflow {quoted(text)} is not supported", _version_hint(text))


def _version_hint(text: str) -> str:
    """Suggest the supported version: without a patch number, or with the trailing zero that a YAML number loses."""
    meant = (".".join(text.split(".")[:2]), f"{text}0")
    found = next((version for version in meant if version in VERSIONS), "")
    return f'write "{found}"' if found else f"write one of {', '.join(VERSIONS)}, in quotes"


class VersionSpecifier(QuotedText):
    """The allowed versions of Dagpress, as a pip specifier."""

    def _check(self, text: str) -> None:
        # The import takes 10 ms, and few projects need it.
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415

        try:
            is_given = bool(list(SpecifierSet(text)))
        except InvalidSpecifier:
            is_given = False
        if not is_given:
            raise InvalidError(f"{quoted(text)} is not {self.words}", 'write one such as ">=0.2" or ">=0.2,<1"')


class GitignorePattern(QuotedText):
    """A .gitignore pattern."""

    def _check(self, text: str) -> None:
        # The import takes 15 ms, and few projects need it.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        try:
            matches = any(pattern.include is not None for pattern in GitIgnoreSpec.from_lines([text]).patterns)
        except (ValueError, re.error):
            matches = False
        if not matches:
            raise InvalidError(f"{quoted(text)} is not {self.words}", 'write one such as "drafts/" or "*.template.yml"')


class TextArray(ListOf[str]):
    """A list of texts."""

    expected = "a list of texts in quotes"

    def __init__(self, words: str, item: QuotedText, example: str) -> None:
        super().__init__(words, item)
        self.hint = f"write it as {example}"

    def json_schema(self) -> JsonSchema:
        return {"type": "array", "items": self._item.json_schema()}


class TextTable(MapOf[str]):
    """A table with free keys and text values."""

    expected = "a table"

    def __init__(self, words: str, value: QuotedText, example: str) -> None:
        super().__init__(words, None, value, hint=f"write it as {example}", is_nullable=False)
