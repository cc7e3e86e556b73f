"""Calls git, as the program that it is, in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def run(folder: Path, *arguments: str, given: str = "") -> str:
    """Run a git command in a folder, which reads what is given; gives what it printed.

    File names are taken as they are, never as patterns, and nobody is asked for anything.

    Raises:
        GitError: it failed, or there is no git.
    """
    if any("\0" in argument for argument in arguments):
        raise GitError("git takes no text with a NUL in it")
    git = shutil.which("git")
    if git is None:
        raise GitError("there is no git on the PATH")
    environ = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    command = [git, "-c", "core.quotePath=false", "--literal-pathspecs", "--no-pager", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
            input=given.encode("utf-8", "replace"),
            capture_output=True,
            check=False,
        )
    except OSError as error:
        # The folder is gone, or there are more names than a command can have.
        raise GitError(f"git cannot be started: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
        raise GitError(said or f"git ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")
