"""Syntax highlighting: splits Pygments tokens into lines. The templates render and escape them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pygments.lexers.data import YamlLexer
from pygments.lexers.python import PythonLexer
from pygments.token import STANDARD_TYPES

_LEXERS = {"python": PythonLexer, "yaml": YamlLexer}
# The CSS classes with a colour (`static/code.css`); all others are plain text.
_CLASSES = {
    *("k", "kn", "kc", "kd", "kr", "ow"),
    *("s", "s1", "s2", "sd", "se", "si", "sa", "sb", "sr"),
    *("m", "mi", "mf", "mh", "c", "c1", "ch", "cm"),
    *("nt", "nf", "nc", "nd", "nb", "no"),
}
# Longer texts are not highlighted.
_MAX_LENGTH = 300_000
# Time limit in seconds, after which the rest stays plain. Pygments takes quadratic time for some texts, such as a
# repeated `%`.
_TIMEOUT = 2.0


@dataclass(frozen=True)
class Piece:
    """A part of a line.

    Attributes:
        look: the short CSS class of Pygments, such as `k` for a keyword; empty for plain text.
        is_mark: whether a diagnostic points to it.
    """

    text: str
    look: str = ""
    is_mark: bool = False


def lines_of(text: str, language: str) -> list[list[Piece]]:
    """Highlight a text in `python` or `yaml`, and return its lines without line ends."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lines: list[list[Piece]] = [[]]
    for value, look in _tokens(plain, language):
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part and lines[-1] and lines[-1][-1].look == look:
                lines[-1][-1] = Piece(lines[-1][-1].text + part, look)
            elif part:
                lines[-1].append(Piece(part, look))
    return lines[:-1]


def marked(line: Sequence[Piece], columns: set[int]) -> list[Piece]:
    """Mark the pieces of a line that start at the given columns, counted from 1."""
    pieces: list[Piece] = []
    column = 1
    for piece in line:
        ends = [each - column for each in sorted(columns) if column < each < column + len(piece.text)]
        for start, end in zip([0, *ends], [*ends, len(piece.text)], strict=True):
            pieces.append(Piece(piece.text[start:end], piece.look, column + start in columns))
        column += len(piece.text)
    return pieces


def _tokens(text: str, language: str) -> Iterator[tuple[str, str]]:
    if len(text) > _MAX_LENGTH:
        yield f"{text}\n", ""
        return
    # `get_tokens` would normalize the text first. The lexers need the final newline.
    until = time.monotonic() + _TIMEOUT
    for start, token, value in _LEXERS[language]().get_tokens_unprocessed(f"{text}\n"):
        if time.monotonic() > until:
            yield f"{text}\n"[start:], ""
            return
        look = STANDARD_TYPES.get(token, "")
        yield value, look if look in _CLASSES else ""
