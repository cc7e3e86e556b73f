"""The conflict markers that git writes into a file."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Markers have seven characters; for renamed files and nested conflicts, git writes longer markers. A lone `=======` can
# underline a heading.
_MARKER = re.compile(r"^(?:<{7,}|\|{7,}|>{7,})(?: |\r?$)", re.MULTILINE)
_FORGOTTEN = re.compile(r"^={7,}\r?$", re.MULTILINE)
_MARKER_LINE = re.compile(r"(<{7,}|\|{7,}|={7,}|>{7,})(?: [^\n]*)?\n?\Z")


def conflict_in(text: str) -> int | None:
    """Return the index of the first conflict marker, or None."""
    match = _MARKER.search(text)
    return match.start() if match else None


def forgotten_marker_in(text: str) -> int | None:
    """Return the index of a lone `=======`, a likely marker in text that cannot be parsed, or None."""
    match = _FORGOTTEN.search(text)
    return match.start() if match else None


def merged_texts(text: str) -> set[str]:
    """Return both sides of a text with conflicts; without conflicts, the text itself."""
    if conflict_in(text) is None:
        return {text}
    lines = re.findall(r"[^\n]+\n?|\n", text)
    markers = [(number, match[1]) for number, line in enumerate(lines) if (match := _MARKER_LINE.match(line))]
    left_out = ({number for number, _ in markers} | others for others in _others(markers))
    return {"".join(line for number, line in enumerate(lines) if number not in left) for left in left_out}


def _others(markers: Iterable[tuple[int, str]]) -> tuple[set[int], set[int]]:
    """Return the lines outside the first side, and the lines outside the second side.

    A marker belongs to the open conflict with markers of the same length: nested conflicts have longer markers.
    """
    not_first: set[int] = set()
    not_second: set[int] = set()
    open_conflicts: dict[int, dict[str, int]] = {}
    for number, marker in markers:
        sign, size = marker[0], len(marker)
        places = open_conflicts.setdefault(size, {})
        if sign == "<" or "<" in places:
            places.setdefault(sign, number)
        if sign == ">" and "=" in places:
            middle = places["="]
            not_first.update(range(min(places.get("|", middle), middle), number))
            not_second.update(range(places["<"], middle))
            del open_conflicts[size]
    return not_first, not_second
