"""Asks git, as the program that it is: what a repository knows of a file, and what is committed to it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

# They would lead to another repository than that of the folder, as they do while a hook runs.
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


class GitError(Exception):
    """What git said when it failed."""


def has_repository(folder: Path) -> bool:
    """Whether a folder is in the working tree of a repository, and there is a git to ask."""
    try:
        return run(folder, "rev-parse", "--is-inside-work-tree").strip() == "true"
    except GitError:
        return False


def run(folder: Path, *arguments: str) -> str:
    """Run a git command in a folder; gives what it printed.

    File names are taken as they are, never as patterns, and nobody is asked for anything.

    Raises:
        GitError: it failed, or there is no git.
    """
    git = shutil.which("git")
    if git is None:
        raise GitError("there is no git on the PATH")
    environ = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    command = [git, "-c", "core.quotePath=false", "--literal-pathspecs", "--no-pager", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise GitError(done.stderr.decode("utf-8", "replace").strip() or f"git ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


@dataclass(frozen=True)
class Commit:
    """A commit, as far as it touched a file.

    Attributes:
        path: what the file was called in it, from the top of the repository.
    """

    hash: str
    short_hash: str
    date: datetime
    author: str
    subject: str
    path: str


# Whatever the user's settings say: no colours, no programs of theirs, paths from the top, the first commit too.
_AS_IT_IS = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-relative")
_LOG = ("-c", "log.showRoot=true", "-c", "log.showSignature=false", "log", "--follow", *_AS_IT_IS)
_FIELDS = ("%H", "%h", "%at", "%an", "%s")
# A year that no calendar has stands in some commits.
_LAST_SECOND = 253402214400
_STATES = {"??": "not committed yet", "A ": "not committed yet", "AM": "not committed yet", "!!": "ignored by git"}


def history_of(folder: Path, name: str, most: int) -> list[Commit]:
    """The last commits that touched a file, under its former names too, the newest first; no merges.

    Args:
        folder: a folder in the repository.
        name: the file's path in that folder.
        most: how many commits, at most.

    Raises:
        GitError: git failed, as it does where there is no commit yet.
    """
    options = ("--name-only", "-z", "--no-merges", f"--max-count={most}", f"--format={'%x00'.join(_FIELDS)}")
    words = run(folder, *_LOG, *options, "--", name).split("\0")
    size = len(_FIELDS) + 1
    return [_commit(*words[start : start + size]) for start in range(0, len(words) - size + 1, size)]


def _commit(number: str, short: str, seconds: str, author: str, subject: str, path: str) -> Commit:  # noqa: PLR0913, PLR0917  # the fields
    date = datetime.fromtimestamp(min(int(seconds or 0), _LAST_SECOND), timezone.utc)
    return Commit(number, short, date, author, subject, path.removeprefix("\n"))


def patch_of(folder: Path, commit: Commit) -> str:
    """What a commit of a file's history did to the file.

    Raises:
        GitError: git failed.
    """
    top = Path(run(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))
    return run(top, *_LOG, "--patch", "--max-count=1", "--format=", commit.hash, "--", commit.path)


def state_of(folder: Path, name: str) -> str:
    """What is not committed of a file: `modified`, `not committed yet`, `ignored by git`; empty where all is.

    Raises:
        GitError: git failed.
    """
    options = ("--porcelain=v1", "-z", "--ignored", "--untracked-files=all")
    code = run(folder, "--no-optional-locks", "status", *options, "--", name)[:2]
    return _STATES.get(code, "modified") if code else ""


def uncommitted_patch_of(folder: Path, name: str) -> str:
    """What the working tree has of a file beyond the last commit.

    Raises:
        GitError: git failed, as it does where there is no commit yet.
    """
    return run(folder, "--no-optional-locks", "diff", *_AS_IT_IS, "HEAD", "--", name)
