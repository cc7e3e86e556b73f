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

# A longer text is shown whole by `show` itself.
_LONGEST = 60


def print_explanation(rows: Sequence[Explained]) -> None:
    """Print a line for each value, and below it one for each value that it hides."""
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
    """File and line, as editors and terminals link them."""
    place = f"{given.location.path}:{given.location.line}"
    return f"{place} (for {given.deployment})" if given.deployment else place


def _shown(value: Any) -> str:  # noqa: ANN401
    """A value on one line, as YAML; one that is too long is cut."""
    text = printable(to_yaml([value], flow=True).strip()[1:-1])
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def explanation_data(rows: Iterable[Explained]) -> list[ExplainedKey]:
    """The explanation as JSON data."""
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
