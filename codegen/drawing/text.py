"""Estimates the width of text in a picture, without a browser."""

from __future__ import annotations

import unicodedata

from codegen.diagnostics import printable

# The width of a character in a monospaced font of size 12; wide East Asian characters count twice.
CHARACTER = 7.3


def columns_of(text: str) -> int:
    """Return the width of a text in characters of a monospaced font."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, longest: int) -> str:
    """Return the text on one line without invisible characters; if it is too wide, its middle becomes an ellipsis."""
    shown = printable(" ".join(text.split()))
    if columns_of(shown) <= longest:
        return shown
    head, tail = list(shown[:longest]), list(shown[-longest:])
    while columns_of("".join((*head, "…", *tail))) > longest:
        (head if len(head) >= len(tail) else tail).pop(-1 if len(head) >= len(tail) else 0)
    return "".join((*head, "…", *tail))
