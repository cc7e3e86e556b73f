"""Data in a field that Airflow renders and that opens no files: the arguments of a function, or of a notifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from codegen.text.jinja import as_rendered

if TYPE_CHECKING:
    from codegen.values import Value


def rendered(value: Value) -> Value:
    """The value with each text as Airflow's templating gives it back; the names in a map are no templates."""
    if isinstance(value, str):
        return as_rendered(value, endings=())
    if isinstance(value, Mapping):
        return {name: rendered(item) for name, item in value.items()}
    return [rendered(item) for item in value] if isinstance(value, Sequence) else value
