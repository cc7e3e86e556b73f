"""The formats of a report: text, GitHub's workflow commands, and data. Equal diagnostics and changes are grouped."""

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
# How many further locations of a group a message names.
_NAMED = 5


def grouped(items: Iterable[_Item]) -> list[list[_Item]]:
    """Group equal items: the same statement at several locations, or the same effect on several files or DAGs."""
    groups: dict[Hashable, list[_Item]] = {}
    for item in items:
        groups.setdefault(item.statement if isinstance(item, Diagnostic) else item.effect, []).append(item)
    return list(groups.values())


def first_of(names: Sequence[object]) -> str:
    """The first names, on one line."""
    return ", ".join([*(printable(str(name)) for name in names[:_NAMED]), *["..."][: len(names[_NAMED:])]])


def as_text(first: Diagnostic, *others: Diagnostic) -> str:
    """Equal diagnostics as the line `file:line:column: code: message (hint)`, with the other locations."""
    return f"{first.location}: {first.code}: {printable(_message(first, [each.location for each in others]))}"


def as_github(folder: str, first: Diagnostic, *others: Diagnostic) -> str:
    """Equal diagnostics as GitHub's workflow command for an annotation at a line of a pull request.

    GitHub finds a file by its path in the repository; `folder` is the path of the project there. The escapes are those
    of GitHub's toolkit: https://github.com/actions/toolkit (core/src/command.ts).
    """
    place, *more = (
        each.location._replace(path=os.path.normpath(f"{folder}/{each.location.path}")) for each in (first, *others)
    )
    file = _github_data(place.path).replace(":", "%3A").replace(",", "%2C")
    properties = f"file={file},line={place.line},col={place.column},title={first.code}"
    return f"::{first.severity.value} {properties}::{_github_data(_message(first, more))}"


def as_data(first: Diagnostic, *others: Diagnostic) -> Message:
    """Equal diagnostics as data, with every other location."""
    return {
        "severity": first.severity.value,
        "code": first.code,
        "message": first.message,
        "hint": first.hint,
        **place_as_data(first.location),
        "others": [place_as_data(each.location) for each in others],
    }


def change_as_data(first: Change, *others: Change) -> FileChange:
    """Equal changes as data, with every other file."""
    return {"file": first.name, "action": first.action.value, "others": [each.name for each in others]}


def folder_in_repository(root: Path) -> str:
    """The path of a project in its git repository; without git, in the workspace of the CI job."""
    root = root.resolve()
    workspace = Path(os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or root))
    repository = work_tree_of(root) or (workspace if workspace in root.parents else root)
    return root.relative_to(repository).as_posix()


def _message(first: Diagnostic, others: Sequence[Location]) -> str:
    message = with_hint(first.message, first.hint)
    return f"{message} (and {len(others)} more: {first_of(others)})" if others else message


def place_as_data(location: Location) -> Place:
    """A location as data."""
    return {"file": location.path, "line": location.line, "column": location.column}


def _github_data(text: str) -> str:
    return printable_lines(text).replace("%", "%25").replace("\n", "%0A")
