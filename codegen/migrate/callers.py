"""Finds the files of a repository that still run Meltano's schedules: DAG files, scripts, CI."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from codegen.diagnostics import Location
from codegen.files import exists, read_bytes
from codegen.git.program import output_of
from codegen.meltano.generator import is_generator
from codegen.sync.header import is_generated

# Between two words of a command: also in a list of strings, and after a line continuation.
_GAP = r"(?:[\"' \t]|,(?:\r?\n)?|\\\r?\n)+"
_CALL = re.compile(rf"\bschedule{_GAP}run\b(?:{_GAP}-[\w-]+(?:=[^\s\"',]*)?)*(?P<gap>{_GAP})(?P<name>[^\s\"',)\]]+)")
# The beginning of a call, for `git grep`, which searches line by line.
_BEGIN = r"schedule[\"', 	]+(run|\\)|schedule[\"',]+$"
# Part of a name: a variable, a template, or a concatenation with one.
_VARIABLE = re.compile(r"[$`{%+]")
_DOCUMENTS = (".md", ".rst")
_PACKAGE_FOLDERS = {"node_modules", "site-packages"}
_MAX_BYTES = 1_000_000


class Caller(NamedTuple):
    """A call of `meltano schedule run`; the name is empty if it is a variable."""

    name: str
    place: Location


def callers_of(names: Collection[str], root: Path) -> Iterator[Caller]:
    """Find the calls of these schedules, and calls with a variable as the name; locations are relative to the project.

    Searches the whole git repository except for ignored files or, without a repository, the project.
    """
    top = output_of(root, "rev-parse", "--show-toplevel")
    for path in sorted(_in_git(Path(top)) if top else _in_folder(root)):
        text = _text(path)
        for call in _CALL.finditer(text):
            line = text.count("\n", 0, call.start()) + 1
            before = text[text.rfind("\n", 0, call.start()) + 1 : call.start()]
            name = _name_in(call)
            is_call = name in {*names, ""} and "dagpress" not in before and not before.lstrip().startswith("#")
            if is_call and not is_generated(text) and not is_generator(path):
                file = os.path.relpath(path, root.resolve()).replace(os.sep, "/")
                yield Caller(name, Location(file, line, len(before) + 1))


def _name_in(call: re.Match[str]) -> str:
    is_python_name = "," in call["gap"] and call["gap"][-1] not in "\"'"
    return "" if is_python_name or _VARIABLE.search(call["name"]) else call["name"]


def _in_git(top: Path) -> Iterator[Path]:
    found = output_of(top, "grep", "-l", "-I", "-z", "--untracked", "--extended-regexp", "-e", _BEGIN)
    yield from (top / name for name in found.split("\0") if name)


def _in_folder(root: Path) -> Iterator[Path]:
    """Yield the files of a project, without symlinks, hidden folders and installed packages."""
    for parent, folders, files in os.walk(root.resolve()):
        folders[:] = [name for name in folders if not _is_left_out(Path(parent, name))]
        yield from (path for name in files if not (path := Path(parent, name)).is_symlink())


def _is_left_out(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _PACKAGE_FOLDERS or exists(folder / "pyvenv.cfg")


def _text(path: Path) -> str:
    """Return the text of a file; empty for one that no program runs, such as a document or an image."""
    try:
        data = read_bytes(path, _MAX_BYTES) if path.suffix not in _DOCUMENTS else b""
    except OSError:
        return ""
    return "" if b"\0" in data else data.decode("utf-8", "replace")
