"""A filter for templates."""

from __future__ import annotations


def mask(text: str) -> str:
    """Hide a text."""
    return "*" * len(text)
