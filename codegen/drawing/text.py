"""How much room a text takes in a picture, which no browser has measured yet."""

from __future__ import annotations

import unicodedata

from codegen.diagnostics import printable

# A character of a monospaced font of 12 units; one of East Asia takes two of them.
CHARACTER = 7.3


def columns_of(text: str) -> int:
    """How many characters of a monospaced font it is wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, longest: int) -> str:
    """The text on one line, without what cannot be seen, and with its middle left out where it is too wide."""
    shown = printable(" ".join(text.split()))
    if columns_of(shown) <= longest:
        return shown
    head, tail = list(shown[:longest]), list(shown[-longest:])
    while columns_of("".join((*head, "…", *tail))) > longest:
        (head if len(head) >= len(tail) else tail).pop(-1 if len(head) >= len(tail) else 0)
    return "".join((*head, "…", *tail))
