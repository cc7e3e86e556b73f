"""Whether a path is valid for a new schedule: below the folder of schedules, and found there again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import PurePosixPath

from codegen.diagnostics import printable, quoted
from codegen.files import Boundary, exists, is_file, is_folder
from codegen.loader.discovery import HIDDEN, SUFFIXES
from codegen.project import Project, is_excluded

# Of a name the common file systems take 255 bytes, and while it is written ours are longer.
_MOST_BYTES_OF_PART = 200
_MOST_BYTES = 1000


def problem_of(project: Project, file: str) -> str:
    """Why a schedule cannot have a file, a path below the folder of schedules; empty where it can."""
    return next(
        chain(_problems_of_text(file), _problems_of_exclude(project, file), _problems_on_disk(project, file)), ""
    )


def _problems_of_text(file: str) -> Iterator[str]:
    parts = file.split("/")
    path = PurePosixPath(file)
    if not file:
        yield "Give the pipeline a name."
    if printable(file) != file:
        yield "The name of the file contains invisible characters."
    if "\\" in file:
        yield "Separate folders with `/`, not with a backslash."
    if ".." in parts or file.startswith("/"):
        yield "The file must be below the folder of schedules: no `..`, and no `/` at the beginning."
    if any(not part or part.startswith(HIDDEN) for part in parts):
        yield "No part of the path may be empty or begin with `.` or `_`: such files and folders are not schedules."
    if path.suffix.lower() not in SUFFIXES:
        yield f"{quoted(file)} must end in `.yml` or `.yaml`."
    if len(file.encode()) > _MOST_BYTES or any(len(part.encode()) > _MOST_BYTES_OF_PART for part in parts):
        yield f"The name is too long: at most {_MOST_BYTES_OF_PART} bytes, and {_MOST_BYTES} with its folders."


def _problems_of_exclude(project: Project, file: str) -> Iterator[str]:
    if is_excluded(project, (project.schedules / file).relative_to(project.root).as_posix()):
        yield f"{quoted(file)} is excluded by the configuration: change `exclude`, or the name."


def _problems_on_disk(project: Project, file: str) -> Iterator[str]:
    path = project.schedules / file
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # pathlib's own questions hide an error, each version of Python another one
        if not Boundary(project.root).has(path):
            yield f"{quoted(file)} is a link, or in a folder behind a link, that leads out of the project."
        for folder in path.relative_to(project.schedules).parents:
            if exists(place := project.schedules / folder) and not is_folder(place):
                yield f"{quoted(folder.as_posix())} is a file, not a folder."
        if path.exists() and not is_file(path):
            yield f"{quoted(file)} exists and is not a regular file."
    except OSError as error:
        yield f"{quoted(file)} cannot be looked at: {error.strerror}."
