"""Checks the path of a new schedule: it must be below the schedules folder, and be found there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import PurePosixPath

from codegen.diagnostics import printable, quoted
from codegen.files import Boundary, exists, is_file, is_folder
from codegen.loader.discovery import HIDDEN, SUFFIXES
from codegen.project import Project, is_excluded

# File systems allow 255 bytes in a name, and temporary files have longer names.
_MAX_PART_BYTES = 200
_MAX_BYTES = 1000


def problem_of(project: Project, file: str) -> str:
    """Return why a path below the schedules folder is not valid for a schedule; empty if it is valid."""
    return next(
        chain(_problems_of_text(file), _problems_of_exclude(project, file), _problems_on_disk(project, file)), ""
    )


def _problems_of_text(file: str) -> Iterator[str]:
    parts = file.split("/")
    path = PurePosixPath(file)
    if not file:
        yield "The pipeline needs a name."
    if printable(file) != file:
        yield "The file name contains invisible characters."
    if "\\" in file:
        yield "Separate folders with `/`, not with a backslash."
    if ".." in parts or file.startswith("/"):
        yield "The file must be below the schedules folder: no `..`, and no leading `/`."
    if any(not part or part.startswith(HIDDEN) for part in parts):
        yield "No part of the path may be empty or start with `.` or `_`: such files and folders are ignored."
    if path.suffix.lower() not in SUFFIXES:
        yield f"{quoted(file)} must end in `.yml` or `.yaml`."
    if len(file.encode()) > _MAX_BYTES or any(len(part.encode()) > _MAX_PART_BYTES for part in parts):
        yield f"The name is too long: at most {_MAX_PART_BYTES} bytes per part, and {_MAX_BYTES} in total."


def _problems_of_exclude(project: Project, file: str) -> Iterator[str]:
    if is_excluded(project, (project.schedules / file).relative_to(project.root).as_posix()):
        yield f"{quoted(file)} is excluded by the configuration: change `exclude` or the name."


def _problems_on_disk(project: Project, file: str) -> Iterator[str]:
    path = project.schedules / file
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # the tests of pathlib hide errors, depending on the Python version
        if not Boundary(project.root).has(path):
            yield f"{quoted(file)} leads out of the project through a symlink."
        for folder in path.relative_to(project.schedules).parents:
            if exists(place := project.schedules / folder) and not is_folder(place):
                yield f"{quoted(folder.as_posix())} is a file, not a folder."
        if path.exists() and not is_file(path):
            yield f"{quoted(file)} exists and is not a regular file."
    except OSError as error:
        yield f"{quoted(file)} cannot be read: {error.strerror}."
