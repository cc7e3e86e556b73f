"""Prints where the values of a schedule come from, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from codegen.diagnostics import printable
from codegen.source.write import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codegen.schema.origins import Explained, Given

# A longer text is shown whole by `show` itself.
_LONGEST = 60


def print_explanation(rows: Sequence[Explained]) -> None:
    """A line for each value, and one below it for each other that it hides."""
    lines = [line for row in rows for line in _lines(row)]
    widths = [max(len(line[column]) for line in [_HEAD, *lines]) for column in (0, 1)]
    for number, (key, value, place) in enumerate([_HEAD, *lines]):
        text = f"{key:<{widths[0]}}  {value:<{widths[1]}}  {place}"
        is_head, is_hidden = number == 0, not key
        click.echo(click.style(text, bold=is_head or None, dim=is_hidden or None) if is_head or is_hidden else text)


_HEAD = ("KEY", "VALUE", "FROM")


def _lines(row: Explained) -> Iterable[tuple[str, str, str]]:
    origin = row.origin
    if origin is None:
        place = "default"
    elif origin.value is None:
        place = f"{'removed' if row.value is None else 'default, removed'} by {_place(origin)}"
    else:
        place = _place(origin)
    yield printable(row.key), "-" if row.value is None else _shown(row.value), place
    for given in row.hidden:
        yield "", f"was {_shown(given.value)}", _place(given)


def _place(given: Given) -> str:
    """File and line, as editors and terminals link them."""
    place = f"{printable(given.location.path)}:{given.location.line}"
    return f"{place} (for {given.deployment})" if given.deployment else place


def _shown(value: Any) -> str:  # noqa: ANN401
    """A value on one line, as YAML; one that is too long is cut."""
    text = printable(to_yaml([value], flow=True).strip()[1:-1])
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def as_json(rows: Iterable[Explained]) -> str:
    """The same for programs."""
    data = [
        {
            "key": row.key,
            "value": row.value,
            "from": _as_data(row.origin) if row.origin else None,
            "hidden": [_as_data(given) for given in row.hidden],
        }
        for row in rows
    ]
    return json.dumps(data, indent=2)


def _as_data(given: Given) -> dict[str, Any]:
    place = given.location
    return {
        "value": given.value,
        "file": place.path,
        "line": place.line,
        "column": place.column,
        "environment": given.deployment,
    }
