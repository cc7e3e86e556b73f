"""Reads the text of a schedule file, and assigns diagnostics to list items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from codegen.diagnostics import Diagnostic, Location
from codegen.source.nodes import MapNode, is_null
from codegen.source.read import read_yaml


def read_own(text: str, name: str) -> tuple[MapNode | None, str]:
    """Read the keys of a schedule file's text, without its defaults; or return None and the error."""
    node, diagnostics = read_yaml(Path(name), name, text=text)
    if isinstance(node, MapNode):
        return node, ""
    if (node is None and not diagnostics) or (node is not None and is_null(node)):
        return MapNode({}, Location(name)), ""
    where = f"line {diagnostics[0].location.line}: {diagnostics[0].message}" if diagnostics else "expected keys"
    return None, where


def by_place(
    starts: Sequence[tuple[int, int]], diagnostics: Iterable[Diagnostic]
) -> tuple[list[list[Diagnostic]], list[Diagnostic]]:
    """Assign diagnostics to list items by the line and column of their starts. Also return those before the first."""
    found: list[list[Diagnostic]] = [[] for _ in starts]
    rest = list[Diagnostic]()
    for each in diagnostics:
        place = each.location.line, each.location.column
        index = max((number for number, start in enumerate(starts) if start <= place), default=-1)
        (rest if index < 0 else found[index]).append(each)
    return found, rest


def is_same_text(text: str, other: str) -> bool:
    """Return whether two texts are equal except for line ends, which browsers change, and trailing whitespace."""
    return _clean(text) == _clean(other)


def _clean(value: str) -> str:
    return "\n".join(line.rstrip() for line in value.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n"))
