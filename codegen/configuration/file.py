"""Finds and reads the configuration file of a project."""

from __future__ import annotations

from pathlib import Path

from codegen.configuration.toml_reader import BrokenFileError, invalid, read_toml
from codegen.diagnostics import Location
from codegen.files import Boundary, exists, read_bytes, with_line_feeds
from codegen.source.nodes import MapNode, Node

OWN_FILE = "dagpress.toml"
_MAX_BYTES = 1_000_000
# The file from which CI installs Dagpress.
REQUIREMENTS = "requirements-dagpress.txt"
# The configuration files, and the table in each.
_FILES = {OWN_FILE: (), "pyproject.toml": ("tool", "dagpress")}


def find_configuration(root: Path) -> MapNode | None:
    """Return the configuration of the project in a folder, if it has one.

    Raises:
        BrokenFileError: a file is broken, or there are two configurations.
    """
    found: list[MapNode] = []
    for name, path in _FILES.items():
        table = _read(root / name, path) if exists(root / name) else None
        if isinstance(table, MapNode) and (table.entries or not path):
            found.append(table)
        elif table is not None and not isinstance(table, MapNode):
            raise invalid("`tool.dagpress` must be a table", table.location)
    if len(found) > 1:
        message = f"the configuration is also in {found[0].location.path}: keep one of them"
        raise invalid(message, found[1].location)
    return found[0] if found else None


def has_configuration(root: Path) -> bool:
    """Return whether a folder has a configuration, including one with errors."""
    try:
        return find_configuration(root) is not None
    except BrokenFileError:
        return True


def _read(file: Path, path: tuple[str, ...]) -> Node | None:
    if problem := Boundary(file.parent).problem(file):
        raise BrokenFileError(problem)
    try:
        text = with_line_feeds(read_bytes(file, _MAX_BYTES).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise invalid(f"this file cannot be read: {reason}", Location(file.name)) from error
    if path and path[-1] not in text:
        # Most pyproject.toml files have no Dagpress configuration.
        return None
    found: Node | None = read_toml(text, file.name)
    for key in path:
        found = found.get(key) if isinstance(found, MapNode) else None
    return found
