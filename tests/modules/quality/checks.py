"""Checks of a project."""

from __future__ import annotations

from typing import Any


def first_row(cursor: Any) -> Any:
    """Return the first row of a query."""
    return cursor.fetchone()
