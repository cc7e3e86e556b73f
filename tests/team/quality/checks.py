"""Functions for arguments of operators."""

from __future__ import annotations

from typing import Any


def first_row(cursor: Any) -> Any:
    """Return the first row of a result."""
    return cursor.fetchone()


def check_rows(**values: Any) -> dict[str, Any]:
    """Return the arguments."""
    return values
