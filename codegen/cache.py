"""Remembers what pure functions gave: who looks at a project again and again finds most of it as it was."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

# How many answers of each function: more than a project has schedules.
MEMORY = 8192
# What was worked out for a character of a schedule takes some fifty bytes.
_MOST_CHARACTERS = 2_000_000

_forgetting: list[Callable[[], None]] = []
_seen = 0


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """The function, which works out each answer once, until everything is forgotten."""
    known = lru_cache(MEMORY)(function)
    _forgetting.append(known.cache_clear)
    return known  # type: ignore[return-value]  # it takes what the function takes, if that can be hashed


def see_once(characters: int) -> None:
    """Tell of a text that nobody looks at again, such as a draft: after many of them, everything is forgotten."""
    global _seen  # noqa: PLW0603  # what is remembered belongs to the process too
    _seen += characters
    if _seen > _MOST_CHARACTERS:
        _seen = 0
        for forget in _forgetting:
            forget()
