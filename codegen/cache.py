"""Caches the results of pure functions between readings of a project."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Place = TypeVar("Place", str, Path)


class Cache:
    """The results of one reading; reuses results of an earlier reading with equal arguments."""

    def __init__(self, earlier: Cache | None = None, stamps: Mapping[str, object] | None = None) -> None:
        """Start with the results of an earlier cache, which is not changed.

        Args:
            earlier: the cache of an earlier reading.
            stamps: the stamp of each file, by path in the project (see `codegen.files.stamp_of`), taken before this
                reading starts. Default: the stamps of the earlier reading.
        """
        self.results: dict[Hashable, tuple[Any, Any]] = {}
        self.earlier: dict[Hashable, tuple[Any, Any]] = {**earlier.earlier, **earlier.results} if earlier else {}
        self.stamps: Mapping[str, object] = stamps if stamps is not None else earlier.stamps if earlier else {}

    def __call__(self, key: Hashable, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
        """Call the function, unless its last call for this key had equal arguments.

        Args:
            key: the subject of the result, such as a file; each key and function has one result.
            function: a pure function.
            arguments: its arguments.
            named: its keyword arguments.
        """
        result: T = self._result((function, key), (arguments, named), function, arguments, named)
        return result

    def of_file(self, name: str, path: Place, function: Callable[[Place, str], T]) -> T:
        """Read a file, unless its stamp has not changed since the last call with this function.

        Args:
            name: its path in the project.
            path: the file.
            function: reads the file, given its path and name.
        """
        stamp = self.stamps.get(name)
        if stamp is None:
            return function(path, name)
        result: T = self._result((function, name), stamp, function, (path, name), {})
        return result

    def _result(
        self,
        slot: Hashable,
        given: object,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> Any:  # noqa: ANN401  # the result of any function
        # Unpacking the arguments for this call would take as long as the rest.
        cached = self.results.get(slot) or self.earlier.get(slot)
        if cached is None or cached[0] != given:
            cached = given, function(*arguments, **named)
        self.results[slot] = cached
        return cached[1]

    def forget_earlier(self) -> None:
        """Drop the earlier results that this reading did not use, such as results for deleted files."""
        self.earlier = {}
