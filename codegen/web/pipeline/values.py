"""The origin of each value of a schedule, and the values that it overrides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codegen.diagnostics import printable
from codegen.schema.origins import Explained, Given, explain
from codegen.secrets.masking import masked_value
from codegen.source.write import to_yaml
from codegen.web.pipeline.view import View

# Longer values are shortened; the YAML on the page shows them in full.
_MAX_LENGTH = 200


@dataclass(frozen=True)
class Origin:
    """The place where a value is set.

    Attributes:
        value: the value, as YAML.
        place: the file and the line.
        line: the line in the schedule's own file; None for another file.
        deployment: the environment that it is set for; empty for all.
    """

    value: str
    place: str
    line: int | None
    deployment: str


@dataclass(frozen=True)
class Row:
    """A key.

    Attributes:
        value: the effective value, as YAML; empty if the key is not set.
        origin: the place of the effective value; None for a default.
        is_removed: whether a null there removes an inherited value.
        hidden: the overridden values, the nearest first.
    """

    key: str
    value: str
    origin: Origin | None
    is_removed: bool
    hidden: Sequence[Origin]


def values_of(view: View) -> list[Row] | None:
    """Return the values of a schedule, in the order of the reference; None if it cannot be read."""
    if view.schedule is None or view.document is None:
        return None
    return [_row(row, view.source.name) for row in explain(view.schedule, view.document.merged)]


def _row(row: Explained, source: str) -> Row:
    is_removed = row.origin is not None and row.origin.value is None
    origin = _origin(row.key, row.origin, source) if row.origin else None
    hidden = [_origin(row.key, given, source) for given in row.hidden]
    return Row(printable(row.key), "" if row.value is None else _shown(row.key, row.value), origin, is_removed, hidden)


def _origin(key: str, given: Given, source: str) -> Origin:
    place = given.location
    line = place.line if place.path == source else None
    return Origin(_shown(key, given.value), f"{printable(place.path)}:{place.line}", line, given.deployment)


def _shown(key: str, value: Any) -> str:  # noqa: ANN401  # any JSON value
    """Return a value as YAML on one line, with masked secrets."""
    safe = masked_value(value, re.split(r"[.\[\]]+", key))
    text = printable(to_yaml([safe], flow=True).strip()[1:-1])
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"
