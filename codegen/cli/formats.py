"""Formats diagnostics and changes as text, GitHub workflow commands and JSON data, grouping equal ones."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from codegen.cli.outputs import FileChange, Message, Place
from codegen.diagnostics import Diagnostic, Location, printable, printable_lines, with_hint
from codegen.files.boundary import work_tree_of
from codegen.sync.changes import Change
from codegen.sync.parts import Part

_Item = TypeVar("_Item", Diagnostic, Change, Part)
# The maximum number of further locations in a message.
_NAMED = 5


def grouped(items: Iterable[_Item]) -> list[list[_Item]]:
    """Group items with the same message or, for changes, the same effect."""
    groups: dict[Hashable, list[_Item]] = {}
    for item in items:
        groups.setdefault(item.statement if isinstance(item, Diagnostic) else item.effect, []).append(item)
    return list(groups.values())


def first_of(names: Sequence[object]) -> str:
    """Return the first names on one line."""
    return ", ".join([*(printable(str(name)) for name in names[:_NAMED]), *["..."][: len(names[_NAMED:])]])


def as_text(first: Diagnostic, *others: Diagnostic) -> str:
    """Return equal diagnostics as a line `file:line:column: code: message (hint)`, with the other locations."""
    return f"{first.location}: {first.code}: {printable(_message(first, [each.location for each in others]))}"


def as_github(folder: str, first: Diagnostic, *others: Diagnostic) -> str:
    """Return equal diagnostics as a GitHub workflow command, which annotates a line of a pull request.

    Paths are relative to the repository; `folder` is the path of the project in it. Escapes follow
    https://github.com/actions/toolkit (core/src/command.ts).
    """
    place, *more = (
        each.location._replace(path=os.path.normpath(f"{folder}/{each.location.path}")) for each in (first, *others)
    )
    file = _github_data(place.path).replace(":", "%3A").replace(",", "%2C")
    properties = f"file={file},line={place.line},col={place.column},title={first.code}"
    return f"::{first.severity.value} {properties}::{_github_data(_message(first, more))}"


def as_data(first: Diagnostic, *others: Diagnostic) -> Message:
    """Return equal diagnostics as JSON data, with all locations."""
    return {
        "severity": first.severity.value,
        "code": first.code,
        "message": first.message,
        "hint": first.hint,
        **place_as_data(first.location),
        "others": [place_as_data(each.location) for each in others],
    }


def change_as_data(first: Change, *others: Change) -> FileChange:
    """Return equal changes as JSON data, with all files."""
    return {"file": first.name, "action": first.action.value, "others": [each.name for each in others]}


def folder_in_repository(root: Path) -> str:
    """Return the path of a project in its git repository or, without git, in the workspace of the CI job."""
    root = root.resolve()
    workspace = Path(os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or root))
    repository = work_tree_of(root) or (workspace if workspace in root.parents else root)
    return root.relative_to(repository).as_posix()


def _message(first: Diagnostic, others: Sequence[Location]) -> str:
    message = with_hint(first.message, first.hint)
    return f"{message} (and {len(others)} more: {first_of(others)})" if others else message


def place_as_data(location: Location) -> Place:
    """Return a location as data."""
    return {"file": location.path, "line": location.line, "column": location.column}


def _github_data(text: str) -> str:
    return printable_lines(text).replace("%", "%25").replace("\n", "%0A")
