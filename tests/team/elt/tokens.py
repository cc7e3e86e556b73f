"""A token that is read at run time."""

from __future__ import annotations


def find() -> str:
    """Return a token."""
    return ""


warehouse = find
