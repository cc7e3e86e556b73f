"""The kinds of edits of a YAML text; `path` is the path of the changed value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from codegen.source.positions import Path


class NewItem(NamedTuple):
    """A new item of a list as plain data, and the comments above it."""

    value: Any
    comments: Sequence[str] = ()


@dataclass(frozen=True)
class Set:
    """Set a key of a map to JSON data; a missing key is added after the others."""

    path: Path
    value: Any


@dataclass(frozen=True)
class Append:
    """Append an item, with comments above it, to a list; a missing, empty or null list is created."""

    path: Path
    item: NewItem


@dataclass(frozen=True)
class Remove:
    """Remove a key of a map or an item of a list, with its comments (see `Layout`).

    An empty list or map stays as `[]` or `{}`.
    """

    path: Path


@dataclass(frozen=True)
class SetWritten:
    """Set a key of a map to YAML."""

    path: Path
    node: yaml.Node
    written: str


Edit = Set | Append | Remove | SetWritten
