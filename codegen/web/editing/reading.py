"""Reads the text of a schedule file without its defaults."""

from __future__ import annotations

from pathlib import Path

from codegen.diagnostics import Location
from codegen.source.nodes import MapNode, is_null
from codegen.source.read import read_yaml


def read_own(text: str, name: str) -> tuple[MapNode | None, str]:
    """The keys of a schedule file's text, without its defaults; or why it cannot be read."""
    node, diagnostics = read_yaml(Path(name), name, text=text)
    if isinstance(node, MapNode):
        return node, ""
    if (node is None and not diagnostics) or (node is not None and is_null(node)):
        return MapNode({}, Location(name)), ""
    where = f"line {diagnostics[0].location.line}: {diagnostics[0].message}" if diagnostics else "it is no map of keys"
    return None, where
