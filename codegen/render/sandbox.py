"""A sandbox for a project's own templates: they can neither run code, nor loop forever, nor exhaust the memory.

A pull request can change them, so `check` and `diff` render unreviewed templates.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

# Seconds for one file.
_LIMIT = 10
# Limit on additional memory of the process.
_MOST_BYTES = 1 << 29
# Limit on a product or a power: the bits of a number, or the length of a text or a list.
_LARGEST = 1 << 20


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's immutable sandbox, which also rejects arithmetic with huge results."""

    intercepted_binops = frozenset(["*", "**"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        """Multiply, or raise to a power."""
        if _is_large(operator, left, right):
            raise SecurityError(f"the result of `{operator}` is too large")
        return super().call_binop(context, operator, left, right)


def _is_large(operator: str, left: Any, right: Any) -> bool:  # noqa: ANN401
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length(), right.bit_length()
        return (bits[0] * abs(right) if operator == "**" else sum(bits)) > _LARGEST
    times, repeated = (left, right) if isinstance(left, int) else (right, left)
    return isinstance(times, int) and isinstance(repeated, Sized) and times * len(repeated) > _LARGEST


@contextmanager
def limited() -> Iterator[None]:
    """Limit the block: a SecurityError stops Python code that takes too long, a MemoryError code that uses too much."""
    end = time.monotonic() + _LIMIT

    # Signals reach only the main thread, but the page renders in others.
    def watch(_frame: FrameType, _event: str, _argument: object) -> Any:  # noqa: ANN401
        if time.monotonic() > end:
            raise SecurityError(f"it takes more than {_LIMIT} seconds")
        return watch

    before = sys.gettrace()
    with _limited_memory():
        sys.settrace(watch)
        try:
            yield
        finally:
            sys.settrace(before)


@contextmanager
def _limited_memory() -> Iterator[None]:
    """Limit the memory of this process, on systems that report its current size."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        pages = 0
    if not pages:
        yield
        return
    limits = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + _MOST_BYTES
    is_less = limits[0] == resource.RLIM_INFINITY or wanted < limits[0]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted if is_less else limits[0], limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
