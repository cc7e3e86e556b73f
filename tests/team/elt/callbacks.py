"""Callbacks before and after a task."""

from __future__ import annotations

from typing import Any


def started(context: Any) -> None:
    """Is called when a task starts."""


def skipped(context: Any) -> None:
    """Is called when a task is skipped."""


def before(context: Any) -> None:
    """Is called before an operator."""


def after(context: Any, result: Any) -> None:
    """Is called after an operator."""
