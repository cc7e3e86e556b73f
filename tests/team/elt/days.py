"""A macro for templates."""

from __future__ import annotations


def today() -> str:
    """Return a day."""
    return "2026-03-02"
