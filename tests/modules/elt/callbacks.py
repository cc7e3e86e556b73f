"""Callbacks and hooks of tasks."""

from __future__ import annotations

from typing import Any


def started(context: Any) -> None:
    """A task starts."""


def skipped(context: Any) -> None:
    """A task skips itself."""


def before(context: Any) -> None:
    """An operator starts."""


def after(context: Any, result: Any) -> None:
    """An operator has ended."""
