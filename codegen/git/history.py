"""The git history of one file, and its uncommitted changes."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from codegen.files import is_file, read_bytes
from codegen.git.program import run


class Commit(NamedTuple):
    """A commit of a file's history, with the path that the file had then, from the top of the repository."""

    hash: str
    short_hash: str
    date: datetime
    author: str
    subject: str
    path: str


class FilePatch(NamedTuple):
    """The changes of a file, with its text before and after; both are empty if git shows no lines."""

    name: str
    text: str
    before: str
    after: str


_BLOBS = re.compile(r"^index ([0-9a-f]{40,64})\.\.([0-9a-f]{40,64})", re.MULTILINE)
# Regardless of the user's settings: no colours, no external programs, paths from the top, the first commit too.
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-relative")
_LOG = ("-c", "log.showRoot=true", "-c", "log.showSignature=false", "log", "--follow", *_PLAIN)
_FIELDS = ("%H", "%h", "%at", "%an", "%s")
# Some commits have a year that `datetime` does not support.
_MAX_TIMESTAMP = 253402214400


def history_of(folder: Path, name: str, limit: int) -> list[Commit]:
    """Return the last commits that touched a file, also under former names, newest first, without merges.

    Raises:
        GitError: git failed; it also fails before the first commit.
    """
    options = ("--name-only", "-z", "--no-merges", f"--max-count={limit}", f"--format={'%x00'.join(_FIELDS)}")
    words = run(folder, *_LOG, *options, "--", name).split("\0")
    size = len(_FIELDS) + 1
    return [_commit(*words[start : start + size]) for start in range(0, len(words) - size + 1, size)]


def _commit(number: str, short: str, seconds: str, author: str, subject: str, path: str) -> Commit:  # noqa: PLR0913, PLR0917  # the fields
    return Commit(number, short, time_of(seconds), author, subject, path.removeprefix("\n"))


def time_of(seconds: str) -> datetime:
    """Return the time of a commit, from the seconds that git prints."""
    return datetime.fromtimestamp(min(int(seconds or 0), _MAX_TIMESTAMP), timezone.utc)


def patch_of(folder: Path, commit: Commit) -> FilePatch:
    """Return the changes that a commit of a file's history made to the file."""
    top = Path(run(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))
    options = ("--patch", "--full-index", "--max-count=1", "--format=")
    text = run(top, *_LOG, *options, commit.hash, "--", commit.path)
    blobs = _BLOBS.search(text)
    before, after = (_text_of(top, blob) for blob in blobs.groups()) if blobs else ("", "")
    return FilePatch(commit.path, text, before, after)


def _text_of(folder: Path, blob: str) -> str:
    """Return the text of a blob; empty for the null hash of a missing file."""
    return run(folder, "cat-file", "blob", blob) if blob.strip("0") else ""


def uncommitted_patch_of(folder: Path, name: str) -> FilePatch:
    """Return the changes of a file since the last commit.

    Raises:
        GitError: git failed; it also fails before the first commit.
    """
    text = run(folder, "--no-optional-locks", "diff", "--full-index", *_PLAIN, "HEAD", "--", name)
    blobs = _BLOBS.search(text)
    before = _text_of(folder, blobs[1]) if blobs else ""
    path = folder / name
    after = read_bytes(path).decode("utf-8", "replace") if is_file(path) else ""
    return FilePatch(name, text, before, after)
