"""Checks the names of schedule files and their folders, which must be the same on Linux, macOS and Windows."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, closest, printable, quoted
from codegen.text.ids import composed, file_key

DEFAULTS = "_defaults"


def check_defaults(names: Iterable[str], folder: str) -> Iterator[Diagnostic]:
    """A folder has one file of defaults; a name that is nearly theirs has no effect, as it is no schedule either."""
    stems = {name: posixpath.splitext(name)[0] for name in names if name.startswith("_")}
    own = [name for name, stem in stems.items() if stem == DEFAULTS]
    if len(own) > 1:
        message = "this folder has a `_defaults.yml` and a `_defaults.yaml`"
        yield Diagnostic(rules.DUPLICATE_DEFAULTS, message, _place(folder, own[-1]), "keep one")
    for name, stem in stems.items():
        if stem != DEFAULTS and closest(stem.lower(), [DEFAULTS], 0.8):
            message = f"{quoted(name)} is neither a schedule nor `{DEFAULTS}.yml`, so it has no effect"
            yield Diagnostic(rules.NO_EFFECT, message, _place(folder, name), f"rename it to `{DEFAULTS}.yml`")


def check_names(children: Mapping[str, bool], folder: str) -> Iterator[Diagnostic]:
    """Check the names of the schedule files and folders in a folder, each with whether it is a folder."""
    owners: dict[str, str] = {}
    for name, is_folder in children.items():
        if not is_the_same_everywhere(name):
            yield _not_the_same(name, _place(folder, name), is_twice=composed(name) in children)
            continue
        stem = posixpath.splitext(name)[0]
        first = owners.setdefault(file_key(name if is_folder else f"{stem}.py"), name)
        if first != name:
            both = "DAG file" if posixpath.splitext(first)[0] == stem else "name on macOS and Windows"
            message = f"{_place(folder, first).path} has the same {both}"
            yield Diagnostic(rules.DUPLICATE_FILE, message, _place(folder, name), "rename one of them")


def _place(folder: str, name: str) -> Location:
    return Location(name if folder == "." else f"{folder}/{name}")


def is_the_same_everywhere(name: str) -> bool:
    """Whether a name can be reviewed, and is written as macOS and git write it."""
    return printable(name) == name == composed(name)


def _not_the_same(name: str, place: Location, *, is_twice: bool) -> Diagnostic:
    if printable(name) != name:
        # A line break, a bidirectional control or bytes that are not text.
        return Diagnostic(rules.FILE_NAME, "this name contains invisible characters", place, "rename it")
    message = f"{quoted(ascii(name)[1:-1])} is another name on Linux than on macOS"
    new = quoted(composed(name))
    hint = f"remove it or {new}, which is there too" if is_twice else f"rename it to {new}"
    return Diagnostic(rules.FILE_NAME, message, place, hint)
