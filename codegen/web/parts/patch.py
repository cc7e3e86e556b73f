"""Patches for the pages, with the kind of each line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codegen.git import FilePatch
from codegen.project import Project
from codegen.proposals.files import is_schedule_file
from codegen.secrets.patches import masked_patch
from codegen.sync.blocks import Block
from codegen.sync.changes import Change
from codegen.sync.dag_code import DagCode
from codegen.sync.parts import Part

_KINDS = {"+": "added", "-": "removed", "@": "place", "\\": "note"}
# Longer texts with many repeated lines can take minutes to compare.
_MAX_LINES = 5_000


@dataclass(frozen=True)
class Patch:
    """A patch with masked secrets.

    Attributes:
        lines: each line and its kind: added, removed, place, note or same; empty if nothing differs.
    """

    lines: Sequence[tuple[str, str]] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.lines)

    @property
    def added(self) -> int:
        """The number of added lines."""
        return sum(kind == "added" for _, kind in self.lines)

    @property
    def removed(self) -> int:
        """The number of removed lines."""
        return sum(kind == "removed" for _, kind in self.lines)


def patch_between(name: str, before: str, after: str) -> Patch:
    """Return the patch between two texts of a file, or a note if they are too long to compare."""
    return Patch(_lines_between(name, Block("", 1, before), Block("", 1, after)))


def patch_of_dag(name: str, before: DagCode | None, after: DagCode | None) -> Patch:
    """Return the patch between two states of a schedule's code, with the file's head if it uses other names from it."""
    if not (before and after):
        return Patch()
    heads = [(before.head, after.head)] if before.used != after.used else []
    return Patch([line for pair in (*heads, (before.block, after.block)) for line in _lines_between(name, *pair)])


def _lines_between(name: str, before: Block, after: Block) -> Sequence[tuple[str, str]]:
    lines = max(before.text.count("\n"), after.text.count("\n"))
    if before.text and after.text and lines > _MAX_LINES:
        return [(f"\\ {lines:,} lines are too many to compare here", "note")]
    patch = Part(name, ("", ""), before, after).diff(3, masked_patch)
    # The page shows the file name, so skip the two header lines.
    return _with_kinds(patch.split("\n")[2:-1])


def patches_of(changes: Iterable[Change]) -> list[tuple[Change, Patch]]:
    """Return changes with their patches."""
    return [(change, patch_between(change.name, change.before, change.after)) for change in changes]


def patches_by_kind(project: Project, changes: Iterable[Change]) -> dict[str, list[tuple[Change, Patch]]]:
    """Return the patches of schedule files and of generated files, for `changed_files.html`."""
    found: dict[str, list[Change]] = {"patches": [], "generated": []}
    for change in changes:
        found["patches" if is_schedule_file(project, change.name) else "generated"].append(change)
    return {kind: patches_of(those) for kind, those in found.items()}


def patch_of(patch: FilePatch) -> Patch:
    """Convert git's patch of one file. The lines before its first hunk become notes."""
    text = masked_patch(patch.text, patch.before, patch.after, patch.name)
    lines = text.removesuffix("\n").split("\n") if text else []
    first = next((number for number, line in enumerate(lines) if line.startswith("@")), len(lines))
    return Patch([*((line, "note") for line in lines[:first]), *_with_kinds(lines[first:])])


def _with_kinds(lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(line, _KINDS.get(line[:1], "same")) for line in lines]
