"""The colours of a heat map: which of five a number has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LEVELS = 5


@dataclass(frozen=True)
class Step:
    """A colour, and the numbers that have it."""

    level: int
    least: int
    most: int

    @property
    def words(self) -> str:
        """Such as `3-8`."""
        return f"{self.least:,}" if self.least == self.most else f"{self.least:,}-{self.most:,}"


class Heat:
    """Equal steps from the least number that there is to the most; nothing has no colour."""

    def __init__(self, numbers: Iterable[int]) -> None:
        """Take the numbers of the whole picture."""
        self._numbers = sorted({number for number in numbers if number})

    def level(self, number: int) -> int:
        """The colour of one of the numbers; 0 is none."""
        if not number:
            return 0
        least, most = self._numbers[0], self._numbers[-1]
        return 1 + (number - least) * LEVELS // (most - least + 1)

    @property
    def steps(self) -> Iterator[Step]:
        """The colours that the picture has, the faintest first."""
        for level in range(1, LEVELS + 1):
            numbers = [number for number in self._numbers if self.level(number) == level]
            if numbers:
                yield Step(level, numbers[0], numbers[-1])
