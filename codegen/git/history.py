"""What git knows of one file: the commits that touched it, and what is not committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from codegen.git.program import run


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
