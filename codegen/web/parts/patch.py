"""What differs between two texts, for a page: the lines of a patch, and what each does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codegen.git import FilePatch
from codegen.secrets.patches import masked_patch
from codegen.sync.blocks import Part
from codegen.sync.changes import Change, unified_diff

_KINDS = {"+": "added", "-": "removed", "@": "place", "\\": "note"}
# To compare texts that are longer, and hold the same lines again and again, can take minutes.
_MOST_LINES = 5_000
_PLACE = re.compile(r"@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@")


@dataclass(frozen=True)
class Patch:
    """A patch as a page shows it, without what looks like a secret.

    Attributes:
        lines: each line and its kind: added, removed, place, note or same; none where nothing differs.
    """

    lines: Sequence[tuple[str, str]] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.lines)

    @property
    def added(self) -> int:
        """How many lines come."""
        return sum(kind == "added" for _, kind in self.lines)

    @property
    def removed(self) -> int:
        """How many lines go."""
        return sum(kind == "removed" for _, kind in self.lines)


def patch_between(name: str, before: str, after: str) -> Patch:
    """The patch between two texts of a file; a single note if they are too long to compare."""
    lines = max(before.count("\n"), after.count("\n"))
    if before and after and lines > _MOST_LINES:
        return Patch([(f"\\ {lines:,} lines are too many to be compared here", "note")])
    # The first two lines name the files, and the page does so itself.
    patch = masked_patch(unified_diff(before, after, "", ""), before, after, name)
    return Patch(_with_kinds(patch.split("\n")[2:-1]))


def patch_of_part(name: str, before: Part, after: Part) -> Patch:
    """The patch between two states of a schedule's part of a file, and of the head if it uses something else of it."""
    head = patch_between(name, before.head, after.head) if before.used != after.used else Patch()
    own = patch_between(name, before.text, after.text)
    return Patch([*head.lines, *((_moved(line, before.line, after.line), kind) for line, kind in own.lines)])


def _moved(line: str, before: int, after: int) -> str:
    """The line of a patch with the place in the files, of whose parts these are the first lines."""
    if place := _PLACE.fullmatch(line):
        return f"@@ -{int(place[1]) + before - 1}{place[2]} +{int(place[3]) + after - 1}{place[4]} @@"
    return line


def patches_of(changes: Iterable[Change]) -> list[tuple[Change, Patch]]:
    """Changes, each with its patch."""
    return [(change, patch_between(change.name, change.before, change.after)) for change in changes]


def patch_of(patch: FilePatch) -> Patch:
    """A patch of one file that git has made; what stands before its first place are notes."""
    text = masked_patch(patch.text, patch.before, patch.after, patch.name)
    lines = text.removesuffix("\n").split("\n") if text else []
    first = next((number for number, line in enumerate(lines) if line.startswith("@")), len(lines))
    return Patch([*((line, "note") for line in lines[:first]), *_with_kinds(lines[first:])])


def _with_kinds(lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(line, _KINDS.get(line[:1], "same")) for line in lines]
