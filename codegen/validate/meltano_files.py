"""Checks the Meltano files: they must not include schedule files or define the same schedules."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.files import Boundary, glob, is_file
from codegen.loader import SourceFile
from codegen.meltano import MeltanoProject
from codegen.source.nodes import ListNode, MapNode, Scalar


def check_included_files(meltano: MeltanoProject, folder: Path, files: Iterable[Path]) -> Iterator[Diagnostic]:
    """Report `include_paths` patterns that match a file of Dagpress, which Meltano would overwrite.

    Args:
        meltano: the Meltano project.
        folder: its directory.
        files: the files of Dagpress, which may not be written yet.
    """
    if not meltano.include_paths:
        return
    ours = sorted({Path(os.path.relpath(file, folder)) for file in files})
    for pattern in meltano.include_paths:
        parts = PurePosixPath(pattern.text).parts
        found = [file for file in ours if _matches(file.parts, parts)]
        if found:
            first, others = found[0].as_posix(), f" and {len(found) - 1} more" if len(found) > 1 else ""
            what = "an empty plugin file at the next `meltano config set`"
            message = f"{quoted(pattern.text)} matches {first}{others}, which Meltano overwrites with {what}"
            yield Diagnostic(rules.INCLUDED_SCHEDULES, message, pattern.location, _instead(folder, pattern.text, found))


def _instead(folder: Path, pattern: str, ours: Collection[Path]) -> str:
    """Return the fix: patterns that match only Meltano's files, by folder if the folder has no file of Dagpress."""
    found = glob(folder, pattern, Boundary(folder)).paths
    theirs = {Path(os.path.relpath(path, folder)) for path in found if is_file(path)} - set(ours)
    theirs.discard(Path("meltano.yml"))
    shared = {file.parent for file in ours}
    last = PurePosixPath(pattern).name
    patterns = sorted(
        {path.as_posix() if path.parent in shared else f"{path.parent.as_posix()}/{last}" for path in theirs}
    )
    return f"write {', '.join(map(quoted, patterns))} instead" if patterns else "remove the pattern"


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether `Path.glob` would find a path with the pattern."""
    # The indexes of the pattern parts that can match next.
    following = _with_none(pattern, {0})
    for part in parts:
        known = [number for number in following if number < len(pattern)]
        again = {number for number in known if pattern[number] == "**"}
        found = {number + 1 for number in known if number not in again and fnmatchcase(part, pattern[number])}
        following = _with_none(pattern, again | found)
    return len(pattern) in following


def _with_none(pattern: Sequence[str], following: set[int]) -> set[int]:
    """Add the indexes after each `**`, which also matches zero folders."""
    for number, part in enumerate(pattern):
        if number in following and part == "**":
            following.add(number + 1)
    return following


def files_of(sources: Iterable[SourceFile]) -> set[Path]:
    """Return the schedule files and their `_defaults.yml` files."""
    return {path for source in sources for path in (source.path, *(default for default, _ in source.defaults))}


def check_sources(meltano: MeltanoProject, names: Collection[str]) -> Iterator[Diagnostic]:
    """Warn about each Meltano file with schedules that also have a schedule file, at the first of them."""
    for section in meltano.schedules:
        items = section.node.items if isinstance(section.node, ListNode) else ()
        found = [
            (name.text, item.location)
            for item in items
            if isinstance(item, MapNode) and isinstance(name := item.get("name"), Scalar) and name.text in names
        ]
        if not found:
            continue
        first, place = found[0]
        others = len(found) - 1
        which = f"{quoted(first)} and {others} more schedules" if others > 1 else f"the schedule {quoted(first)}"
        which = f"{quoted(first)} and {quoted(found[1][0])}" if others == 1 else which
        own, dags = ("has a schedule file", "its DAG") if not others else ("have schedule files", "their DAGs")
        message = f"{which} also {own}, so changes here have no effect on {dags}"
        hint = (
            "run `dagpress import --move`, which removes the schedules here that have a file, and lists the next steps"
        )
        yield Diagnostic(rules.TWO_SOURCES, message, place, hint)
