"""What differs between two texts, for a page: the lines of a patch, and what each does."""

from __future__ import annotations

from codegen.sync import unified_diff

_KINDS = {"+": "added", "-": "removed", "@": "place", "\\": "note"}
# To compare texts that are longer, and hold the same lines again and again, can take minutes.
_MOST_LINES = 5_000


def patch_between(before: str, after: str) -> list[tuple[str, str]]:
    """Each line of the patch, and its kind: added, removed, place, note or same. One note where they are too long."""
    lines = max(before.count("\n"), after.count("\n"))
    if before and after and lines > _MOST_LINES:
        return [(f"\\ {lines:,} lines are too many to be compared here", "note")]
    patch = unified_diff(before, after, "", "").split("\n")
    # The first two name the files, and the page does so itself.
    return [(line, _KINDS.get(line[:1], "same")) for line in patch[2:-1]]
