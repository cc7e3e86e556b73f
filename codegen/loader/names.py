"""Checks the names of schedule files and folders, which must be the same on Linux, macOS and Windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, closest, printable, quoted
from codegen.text.ids import composed, file_key

DEFAULTS = "_defaults"


def check_defaults(files: Iterable[Path], name_of: Callable[[Path], str]) -> Iterator[Diagnostic]:
    """Report two files of defaults in a folder, and misspelled names, which have no effect."""
    hidden = [file for file in files if file.name.startswith("_")]
    own = [file for file in hidden if file.stem == DEFAULTS]
    if len(own) > 1:
        message = "this folder has a `_defaults.yml` and a `_defaults.yaml`"
        yield Diagnostic(rules.DUPLICATE_DEFAULTS, message, Location(name_of(own[-1])), "keep one")
    for file in hidden:
        if file.stem != DEFAULTS and closest(file.stem.lower(), [DEFAULTS], 0.8):
            message = f"{quoted(file.name)} is neither a schedule nor `{DEFAULTS}.yml`, so it has no effect"
            yield Diagnostic(rules.NO_EFFECT, message, Location(name_of(file)), f"rename it to `{DEFAULTS}.yml`")


def check_names(children: Mapping[Path, bool], name_of: Callable[[Path], str]) -> Iterator[Diagnostic]:
    """Check the names in a folder; `children` maps paths to whether they are folders."""
    owners: dict[str, Path] = {}
    for child, is_folder in children.items():
        if not is_the_same_everywhere(child.name):
            place = Location(name_of(child))
            yield _not_the_same(child.name, place, is_twice=child.with_name(composed(child.name)) in children)
            continue
        first = owners.setdefault(file_key(child.name if is_folder else f"{child.stem}.py"), child)
        if first != child:
            both = "DAG file" if first.stem == child.stem else "name on macOS and Windows"
            message = f"{name_of(first)} has the same {both}"
            yield Diagnostic(rules.DUPLICATE_FILE, message, Location(name_of(child)), "rename one of them")


def is_the_same_everywhere(name: str) -> bool:
    """Return whether a name has no invisible characters, and has the Unicode form of macOS and git."""
    return printable(name) == name == composed(name)


def _not_the_same(name: str, place: Location, *, is_twice: bool) -> Diagnostic:
    if printable(name) != name:
        # Line breaks, bidirectional controls or bytes that are not text.
        return Diagnostic(rules.FILE_NAME, "this name contains invisible characters", place, "rename it")
    message = f"{quoted(ascii(name)[1:-1])} has a different name on macOS"
    new = quoted(composed(name))
    hint = f"remove it or {new}, which also exists" if is_twice else f"rename it to {new}"
    return Diagnostic(rules.FILE_NAME, message, place, hint)
