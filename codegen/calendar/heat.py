"""The colours of a heat map, in five levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LEVELS = 5


@dataclass(frozen=True)
class Step:
    """A colour and its range of numbers."""

    level: int
    least: int
    most: int

    @property
    def words(self) -> str:
        """The range, such as `3-8`."""
        return f"{self.least:,}" if self.least == self.most else f"{self.least:,}-{self.most:,}"


class Heat:
    """Assigns colours in equal steps from the smallest to the largest number; zero has no colour."""

    def __init__(self, numbers: Iterable[int]) -> None:
        """Use the numbers of the whole picture."""
        self._numbers = sorted({number for number in numbers if number})

    def level(self, number: int) -> int:
        """Return the colour of one of the numbers; 0 for no colour."""
        if not number:
            return 0
        least, most = self._numbers[0], self._numbers[-1]
        return 1 + (number - least) * LEVELS // (most - least + 1)

    @property
    def steps(self) -> Iterator[Step]:
        """The colours in the picture, lightest first."""
        for level in range(1, LEVELS + 1):
            numbers = [number for number in self._numbers if self.level(number) == level]
            if numbers:
                yield Step(level, numbers[0], numbers[-1])
