"""The conflict markers that git writes into a file."""

from __future__ import annotations

import re

# Markers have seven characters; around renamed files, and inside other conflicts, git writes longer ones. A lone
# `=======` may underline a heading.
_MARKER = re.compile(r"^(?:<{7,}|\|{7,}|>{7,})(?: |\r?$)", re.MULTILINE)
_FORGOTTEN = re.compile(r"^={7,}\r?$", re.MULTILINE)
_OPENING = re.compile(r"^(<{7,})(?: |\r?$)", re.MULTILINE)
_MARKER_LINE = re.compile(r"^([<|=>])\1{6,}(?: [^\n]*)?(?:\n|\Z)", re.MULTILINE)


def conflict_in(text: str) -> int | None:
    """The index of the first conflict marker; None in a text without any."""
    match = _MARKER.search(text)
    return match.start() if match else None


def forgotten_marker_in(text: str) -> int | None:
    """The index of a lone `=======`, which is a marker in a text that cannot be parsed."""
    match = _FORGOTTEN.search(text)
    return match.start() if match else None


def merged_texts(text: str) -> set[str]:
    """Both sides of a text with conflicts, without lone markers; without conflicts, the text itself."""
    if conflict_in(text) is None:
        return {text}
    # The outer conflicts have the shorter markers.
    conflicts = [_conflict(size) for size in sorted({len(opening[1]) for opening in _OPENING.finditer(text)})]
    return {_MARKER_LINE.sub("", _side(text, side, conflicts)) for side in (1, 2)}


def _side(text: str, side: int, conflicts: list[re.Pattern[str]]) -> str:
    for conflict in conflicts:
        text = conflict.sub(rf"\{side}", text)
    return text


def _conflict(size: int) -> re.Pattern[str]:
    """A whole conflict, with both sides as groups."""
    opening, base, middle, closing = (
        rf"^{re.escape(sign)}{{{size}}}(?: [^\n]*)?(?:\n|\Z)" for sign in ("<", "|", "=", ">")
    )
    return re.compile(rf"{opening}(.*?)(?:{base}.*?)?{middle}(.*?){closing}", re.MULTILINE | re.DOTALL)
