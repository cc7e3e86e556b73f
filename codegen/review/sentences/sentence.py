"""A sentence about a change, and the kinds of sentences by importance."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from codegen.diagnostics import joined, quoted

ARROW = "→"


class Kind(IntEnum):
    """The subject of a sentence, by importance."""

    NEW = 0
    DATA = 1
    START = 2
    WORK = 3
    ALERTS = 4
    SETTINGS = 5
    OTHERS = 6
    NOTHING = 7


class Sentence(NamedTuple):
    """A sentence in which names are quoted with backticks."""

    kind: Kind
    text: str

    @property
    def is_warning(self) -> bool:
        """Whether data may be lost or repeated."""
        return self.kind is Kind.DATA


def change(label: str, old: str, new: str) -> str:
    """Return the sentence of a changed value, such as `Retries: 2 → 4`."""
    return f"{label}: {old} {ARROW} {new}"


def listed(names: Iterable[str]) -> str:
    """Return quoted names in a sentence, such as "`a`, `b` and `c`"; "nothing" for none."""
    return joined(map(quoted, names)) or "nothing"
