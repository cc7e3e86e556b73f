"""The status of files in a git working tree: changed, untracked, ignored, unmerged."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from codegen.git.program import output_of, run

_STATES = {"??": "not committed yet", "A ": "not committed yet", "AM": "not committed yet", "!!": "ignored by git"}


def statuses(folder: Path, names: Sequence[str], *, ignored: bool = False, index: str = "") -> dict[str, str]:
    """Return Git's two-letter status of each uncommitted file among some files and folders, by path.

    The first letter is for the index (the file `index`, if given), the second for the working tree; `??` is an
    untracked file, `!!` an ignored one (git help status).
    """
    if not names:
        # Without names, git would list all files.
        return {}
    prefix = run(folder, "rev-parse", "--show-prefix").removesuffix("\n")
    options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", *["--ignored"] * ignored)
    variables = {"GIT_INDEX_FILE": index} if index else {}
    lines = run(folder, "--no-optional-locks", "status", *options, "--", *names, variables=variables).split("\0")
    return {os.path.relpath(line[3:], prefix or ".").replace(os.sep, "/"): line[:2] for line in lines if line}


def uncommitted(folder: Path, names: Sequence[str]) -> dict[str, bool]:
    """Return the changed and untracked files among some files and folders; the value is true for a tracked file."""
    return {name: code != "??" for name, code in statuses(folder, names).items()}


def state_of(folder: Path, name: str) -> str:
    """Return `modified`, `not committed yet` or `ignored by git`; empty if the whole file is committed."""
    code = next(iter(statuses(folder, [name], ignored=True).values()), "")
    return _STATES.get(code, "modified") if code else ""


def unmerged(folder: Path, names: Sequence[str]) -> set[str]:
    """Return the files below some folders with a merge conflict that is not marked as resolved."""
    lines = run(folder, "ls-files", "--unmerged", "-z", "--", *names).split("\0")
    return {line.partition("\t")[2] for line in lines if line}


# `check-ignore` rejects literal pathspecs, and its arguments are not patterns.
_NOT_LITERAL = {"GIT_LITERAL_PATHSPECS": "0"}


class IgnoreRule(NamedTuple):
    """A line by which git ignores files: its location, such as `.gitignore:3`, and its pattern."""

    place: str
    pattern: str


def ignore_rules(folder: Path, names: Collection[str]) -> dict[str, IgnoreRule]:
    """Return the rule by which git ignores each file."""
    top = run(folder, "rev-parse", "--show-toplevel").removesuffix("\n")
    # A leading colon would be pathspec magic.
    given = "".join(f"./{name}\0" for name in names)
    words = run(folder, "check-ignore", "--verbose", "-z", "--stdin", stdin=given, variables=_NOT_LITERAL).split("\0")
    return {
        name.removeprefix("./"): IgnoreRule(f"{os.path.relpath(Path(top, file), folder)}:{line}", pattern)
        for file, line, pattern, name in zip(*[iter(words[:-1])] * 4, strict=True)
    }


def committing_index(folder: Path) -> str:
    """Return the index file of the commit in progress, in a commit hook of this repository; empty elsewhere."""
    name = os.environ.get("GIT_INDEX_FILE")
    if not name:
        return ""
    index = Path(output_of(folder, "rev-parse", "--show-toplevel"), name)
    return str(index) if Path(output_of(folder, "rev-parse", "--absolute-git-dir")) in index.parents else ""
