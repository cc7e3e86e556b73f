"""Prints the origin of each value of a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from codegen.cli.formats import place_as_data
from codegen.cli.outputs import ExplainedKey, Origin
from codegen.cli.printer import print_table
from codegen.diagnostics import printable
from codegen.schema.origins import Explained, Given
from codegen.source.write import to_yaml

# `show` without `--explain` prints longer values in full.
_MAX_LENGTH = 60


def print_explanation(rows: Sequence[Explained]) -> None:
    """Print a line for each value, and below it a line for each value that it overrides."""
    lines = [line for row in rows for line in _lines(row)]
    print_table(("KEY", "VALUE", "FROM"), lines, is_dim=lambda line: not line[0])


def _lines(row: Explained) -> Iterable[tuple[str, str, str]]:
    origin = row.origin
    if origin is None:
        place = "default"
    elif origin.value is None:
        place = f"{'removed' if row.value is None else 'default, removed'} by {_place(origin)}"
    else:
        place = _place(origin)
    yield row.key, "-" if row.value is None else _shown(row.value), place
    for given in row.hidden:
        yield "", f"was {_shown(given.value)}", _place(given)


def _place(given: Given) -> str:
    """Return file and line in the format that editors and terminals link."""
    place = f"{given.location.path}:{given.location.line}"
    return f"{place} (for {given.deployment})" if given.deployment else place


def _shown(value: Any) -> str:  # noqa: ANN401
    """Return a value as YAML on one line, truncated if it is too long."""
    text = printable(to_yaml([value], flow=True).strip()[1:-1])
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 3]}..."


def explanation_data(rows: Iterable[Explained]) -> list[ExplainedKey]:
    """Return the explanation as JSON data."""
    return [
        {
            "key": row.key,
            "value": row.value,
            "from": _as_data(row.origin) if row.origin else None,
            "hidden": [_as_data(given) for given in row.hidden],
        }
        for row in rows
    ]


def _as_data(given: Given) -> Origin:
    return {"value": given.value, **place_as_data(given.location), "environment": given.deployment}
