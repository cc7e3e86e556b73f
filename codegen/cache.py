"""Caches the results of pure functions between readings of a project."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Cache:
    """The results of one reading. It reuses those of an earlier reading whose arguments are equal."""

    def __init__(self, earlier: Cache | None = None) -> None:
        """Start with the results of an earlier cache, which stays as it is."""
        self.results: dict[Hashable, tuple[Any, Any]] = {}
        self.earlier: dict[Hashable, tuple[Any, Any]] = {**earlier.earlier, **earlier.results} if earlier else {}

    def __call__(self, key: Hashable, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
        """Call the function, unless its last call for this key had equal arguments.

        Args:
            key: what the result is about, such as a file; there is one result for each key and function.
            function: a pure function.
            arguments: its arguments.
            named: its keyword arguments.
        """
        slot, given = (function, key), (arguments, named)
        cached = self.results.get(slot) or self.earlier.get(slot)
        if cached is None or cached[0] != given:
            cached = given, function(*arguments, **named)
        self.results[slot] = cached
        result: T = cached[1]
        return result

    def forget_earlier(self) -> None:
        """Drop the earlier results that this reading did not use, such as those of deleted files."""
        self.earlier = {}
