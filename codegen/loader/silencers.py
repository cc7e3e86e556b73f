"""Reads comments that silence a warning on their line: `# dagpress: ignore[code] reason`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, nearest_code, quoted
from codegen.rules import Rule, Severity
from codegen.source.comments import read_layout

_MARK = "dagpress:"
# A comment can contain several directives: the next one ends the reason of the previous one.
_DIRECTIVE = re.compile(rf"#[ \t]*{_MARK}(?P<body>.*?)(?=#[ \t]*{_MARK}|$)")
_IGNORE = re.compile(r"[ \t]*ignore[ \t]*\[(?P<codes>[^\]]*)\](?P<reason>.*)")


class Silencer(NamedTuple):
    """A rule that a comment silences on its line, and the place of the comment."""

    rule: Rule
    location: Location


def read_silencers(text: str, name: str) -> tuple[Sequence[Silencer], Sequence[Diagnostic]]:
    """Return the silencers in the comments of a valid YAML file, and an error for each invalid comment."""
    if _MARK not in text:
        return (), ()
    found = [
        each
        for comment in read_layout(text).comments.values()
        for match in _DIRECTIVE.finditer(comment.text)
        for each in _read(match["body"], Location(name, comment.line, comment.column + match.start()))
    ]
    return tuple(s for s in found if isinstance(s, Silencer)), tuple(d for d in found if isinstance(d, Diagnostic))


def _read(body: str, location: Location) -> Iterator[Silencer | Diagnostic]:
    """Yield the silencers or errors of a comment, given the text after `dagpress:`."""
    match = _IGNORE.fullmatch(body)
    codes = [code.strip() for code in match["codes"].split(",")] if match else []
    if not match or not any(codes):
        hint = "write `# dagpress: ignore[code] reason`"
        yield Diagnostic(rules.INVALID_IGNORE, "this comment is not a valid `ignore`", location, hint)
        return
    if not match["reason"].strip(" \t:-"):
        listed = ", ".join(codes)
        hint = f"write why the warning does not apply: `# dagpress: ignore[{listed}] reason`"
        yield Diagnostic(rules.INVALID_IGNORE, "this `ignore` has no reason", location, hint)
        return
    for code in dict.fromkeys(codes):
        rule = rules.RULES.get(code)
        if rule is None:
            message = f"unknown rule {quoted(code)}"
            yield Diagnostic(rules.INVALID_IGNORE, message, location, nearest_code(code))
        elif rule.severity is Severity.ERROR:
            message = f"{quoted(code)} is an error, and only warnings can be ignored"
            yield Diagnostic(rules.INVALID_IGNORE, message, location, "fix the error and remove it from this comment")
        else:
            yield Silencer(rule, location)
