"""Checks folders of schedules that share a DAG file: the name must be free, and large files slow task starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.loader import SourceFile
from codegen.text.ids import file_key

# A task start then takes about 1.2 times the CPU that it takes with one DAG per file (pages/large-dag-file.md).
_MAX_DAGS = 100
_COST_OF_A_DAG = 0.0017


def check_folders(files: Collection[SourceFile], layout: Location) -> Iterator[Diagnostic]:
    """Check the folders of schedule files; `layout` is the location of the key in the configuration."""
    paths = {file.name: PurePosixPath(file.relative) for file in files}
    counts = Counter(path.parent for path in paths.values() if path.parent.name)
    folders = {file_key(folder.name): folder.name for folder in counts if len(folder.parts) == 1}
    for name, path in paths.items():
        folder = folders.get(file_key(path.stem))
        if folder and not path.parent.name:
            where = "" if folder == path.stem else " on macOS and Windows"
            message = f"the folder {quoted(name.removesuffix(path.name) + folder)} has the same DAG file{where}"
            hint = "move the schedule into the folder, or rename one of them"
            yield Diagnostic(rules.DUPLICATE_FILE, message, Location(name), hint)
    for parent, number in counts.items():
        if number > _MAX_DAGS:
            times = 1 + _COST_OF_A_DAG * number
            message = (
                f"the {number} schedules in the folder {quoted(parent.as_posix())} share a DAG file: a task start "
                f"takes about {times:.1f} times the CPU that it takes with one DAG per file"
            )
            hint = 'move schedules into subfolders, such as one for each source, or set `layout = "schedule"`'
            yield Diagnostic(rules.LARGE_DAG_FILE, message, layout, hint)
