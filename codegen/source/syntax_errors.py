"""Explains errors of the YAML parser."""

from __future__ import annotations

import re

import yaml

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.source.loading import LINE_END, place_of
from codegen.text.conflict import forgotten_marker_in

_NO_SPACE = re.compile(r"^[ \t-]*[A-Za-z_]+(:)[^\s:/]", re.MULTILINE)


def syntax_error(error: yaml.MarkedYAMLError, text: str, name: str) -> Diagnostic:
    """Return the cause of a parser error, or the place where the parser stopped."""
    forgotten = forgotten_marker_in(text)
    if forgotten is not None:
        return merge_conflict(text, forgotten, name)
    missing = _NO_SPACE.search(text)
    if missing and "could not find expected ':'" in (error.problem or ""):
        place = place_at(text, missing.start(1), name)
        return Diagnostic(rules.YAML_SYNTAX, "missing space after this colon", place, "write `key: value`")
    return _error_at_its_mark(error, text, name)


def merge_conflict(text: str, index: int, name: str) -> Diagnostic:
    """Return the error for a git conflict marker."""
    hint = "keep the correct lines, and remove the markers"
    return Diagnostic(rules.MERGE_CONFLICT, "unresolved git merge conflict", place_at(text, index, name), hint)


def _error_at_its_mark(error: yaml.MarkedYAMLError, text: str, name: str) -> Diagnostic:
    in_quotes = "quoted scalar" in (error.context or "") and "end of stream" in (error.problem or "")
    mark = error.context_mark if in_quotes else error.problem_mark or error.context_mark
    place = place_of(mark, text, name) if mark else Location(name)
    above, whole = ["", *LINE_END.split(text)][place.line - 1 : place.line + 1]
    message, hint = (
        ("this quote is not closed", "close it on the same line")
        if in_quotes
        else _starred(whole)
        or _indented(error.problem or "", above, whole)
        or _explain(error.problem or "cannot be parsed", whole[place.column - 1 :])
    )
    return Diagnostic(rules.YAML_SYNTAX, message, place, hint)


def _starred(line: str) -> tuple[str, str] | None:
    """Explain a cron expression that starts with `*`, which YAML reads as an alias."""
    match = re.search(r": +(?=\*[ /,])", line)
    if not match or not {"'", '"', "#"}.isdisjoint(line[: match.start()]):
        return None
    value = line[match.end() :].split(" #", maxsplit=1)[0].strip()
    return "an unquoted value cannot start with `*`: YAML reads it as an alias", f'quote it: "{value}"'


def _indented(problem: str, above: str, line: str) -> tuple[str, str] | None:
    """Explain a key that is indented more than the line above it."""
    depth, depth_above = (len(x) - len(x.lstrip()) for x in (line, above))
    if "mapping values" not in problem or depth <= depth_above or not re.match(r" *[A-Za-z_]+: +\S", above):
        return None
    return (
        "this line is indented more than the line above it",
        f"indent it by {depth_above} spaces" if depth_above else "do not indent it",
    )


def _explain(problem: str, found: str) -> tuple[str, str]:
    """Return the most likely cause of a parser error, and the fix."""
    word = found.split(" #", maxsplit=1)[0].strip()
    if found.startswith("@"):
        return "an unquoted value cannot start with `@`", f'quote it: "{word}"'
    if found.startswith("\t"):
        return "a tab cannot indent YAML", "use spaces"
    if "undefined alias" in problem:
        return problem, "define it with `&` before, or quote the value"
    if found.startswith(("%", "`")):
        return f"an unquoted value cannot start with `{found[0]}`", f'quote it: "{word}"'
    is_unquoted = "mapping values" in problem
    return problem, "quote values that contain `: `, ` #`, `{` or `[`, or start with a sign" if is_unquoted else ""


def character_error(error: yaml.reader.ReaderError, text: str, name: str) -> Diagnostic:
    """Return the error for a character that YAML does not allow."""
    position = error.position if isinstance(error.position, int) and error.position <= len(text) else 0
    character = error.character if isinstance(error.character, int) else ord(error.character[0])
    message = f"the character U+{character:04X} is not allowed in YAML"
    hint = 'remove it, or write it as an escape in double quotes: "\\x1b"'
    return Diagnostic(rules.CONTROL_CHARACTER, message, place_at(text, position, name), hint)


def place_at(text: str, index: int, name: str) -> Location:
    """Return the location of an index in the text of a file."""
    before = text[:index]
    return Location(name, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
