"""Diagnostics: message, location and fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from codegen import rules
from codegen.rules import Rule, Severity


class Location(NamedTuple):
    """A location in a file of the project.

    Attributes:
        path: relative to the project, with forward slashes.
        line: counted from 1.
        column: counted from 1, in characters.
    """

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """`file:line:column`, as editors and terminals link it."""
        return f"{printable(self.path)}:{self.line}:{self.column}"


class Diagnostic(NamedTuple):
    """An error or a warning.

    Attributes:
        hint: the fix, if known.
        missing: the missing key, or the first of several alternatives.
    """

    rule: Rule
    message: str
    location: Location
    hint: str = ""
    missing: str = ""

    @property
    def code(self) -> str:
        """The code of its rule."""
        return self.rule.code

    @property
    def severity(self) -> Severity:
        """The severity of its rule."""
        return self.rule.severity

    @property
    def is_error(self) -> bool:
        """Whether it blocks the write."""
        return self.severity is Severity.ERROR

    @property
    def statement(self) -> tuple[Rule, str, str]:
        """The diagnostic without its location."""
        return self.rule, self.message, self.hint

    def with_severity(self, severity: Severity) -> Diagnostic:
        """Return the diagnostic with another severity."""
        return self._replace(rule=self.rule._replace(severity=severity))


class DagpressError(Exception):
    """An error for the user, as opposed to a bug.

    Attributes:
        hint: the fix, if known.
        output: the output of a failed program.
    """

    def __init__(self, message: str, hint: str = "", output: str = "") -> None:
        super().__init__(with_hint(message, hint))
        self.message = message
        self.hint = hint
        self.output = output


class InvalidError(DagpressError):
    """An invalid value; its reader adds the location."""

    def __init__(self, message: str, hint: str = "", rule: Rule = rules.INVALID_VALUE) -> None:
        super().__init__(message, hint)
        self.rule = rule

    def at(self, location: Location) -> Diagnostic:
        """Return the error as a diagnostic at a location."""
        return Diagnostic(self.rule, self.message, location, self.hint)


def with_hint(message: str, hint: str) -> str:
    """Return a message with its fix in parentheses."""
    return f"{message} ({hint})" if hint else message


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any diagnostic is an error, which blocks the write."""
    return any(d.is_error for d in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by file and line, without duplicates: many schedules may inherit a bad default."""
    return sorted(dict.fromkeys(diagnostics), key=lambda d: (d.location, d.code, d.message))


def in_numbers(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the number of errors and warnings, such as `1 error, 2 warnings`."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counts = [(severities.count(severity), severity.value) for severity in Severity]
    return ", ".join(count(number, noun) for number, noun in counts if number)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def joined(words: Iterable[str], conjunction: str = "and") -> str:
    """Join words for a sentence, such as `a, b and c`."""
    *others, last = [*words] or [""]
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def either(names: Sequence[str]) -> str:
    """Join keys as a choice: `a`, `b` or `c`."""
    return joined((f"`{name}`" for name in names), "or")


def nearest(word: str, known: Iterable[str], similarity: float = 0.6) -> str:
    """Return a hint that names the most similar known word, if there is one."""
    close = closest(word, known, similarity)
    return f"did you mean {quoted(close)}?" if close else ""


def nearest_code(code: str) -> str:
    """Return a hint that names the most similar rule code, or how to list all codes."""
    return nearest(code, rules.RULES) or "run `dagpress rule` to see the codes"


def closest(word: str, known: Iterable[str], similarity: float = 0.6) -> str:
    """Return the most similar known word, if there is one."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=similarity)), "")


def quoted(text: str) -> str:
    """Quote text for a message: on one line, with control characters escaped."""
    return f"`{printable(text)}`"


def printable(text: str, keep: str = "") -> str:
    """Escape control, bidirectional, invisible and unassigned characters and lone surrogates."""
    if text.isprintable():
        return text
    escaped = (c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)
    return "".join(escaped)


def printable_lines(text: str) -> str:
    """Escape like `printable`, but keep line feeds and tabs."""
    return printable(text, keep="\n\t")
