"""A patch for a page: its lines, and what each does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {"+": "added", "-": "removed", "@": "place", "\\": "note"}


def lines_of(patch: str) -> Iterator[tuple[str, str]]:
    """Each line of the patch of one file without its two names, and its kind: added, removed, place, note or same."""
    for line in patch.split("\n")[2:-1]:
        yield line, _KINDS.get(line[:1], "same")
