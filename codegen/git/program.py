"""Calls the git program in a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from codegen import process
from codegen.diagnostics import DagpressError
from codegen.git.hosts import without_credentials

# Set in a git hook, for example; they would select another repository than the folder's.
_REPOSITORY_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
# Messages in English: `LANGUAGE` would apply to `C.UTF-8`, too.
_VARIABLES = {"GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
# Seconds; the hooks of a commit may run a project's tests.
_TIMEOUT = 60
HOOKS_TIMEOUT = 300


class Watch(NamedTuple):
    """Callbacks for a running command: `on_line` receives its last line of output, `is_cancelled` ends it."""

    on_line: Callable[[str], None] | None = None
    is_cancelled: Callable[[], bool] = lambda: False


class GitError(DagpressError):
    """Git failed; the message is git's own."""


def has_repository(folder: Path) -> bool:
    """Return whether a folder is in the working tree of a repository, and git is installed."""
    return output_of(folder, "rev-parse", "--is-inside-work-tree") == "true"


def output_of(folder: Path, *arguments: str) -> str:
    """Return the stripped output of a git command; empty if the command fails."""
    try:
        return run(folder, *arguments).strip()
    except GitError:
        return ""


def succeeds(folder: Path, *arguments: str) -> bool:
    """Return whether a git command exits with 0."""
    try:
        run(folder, *arguments)
    except GitError:
        return False
    return True


def run(  # noqa: PLR0913  # the options of a command
    folder: Path,
    *arguments: str,
    stdin: str = "",
    limit: float = _TIMEOUT,
    variables: Mapping[str, str] = MappingProxyType({}),
    watch: Watch = Watch(),  # noqa: B008  # it is immutable
    merged: bool = False,
    hooks: str | None = None,
) -> str:
    """Run a git command in a folder, and return its output, with `merged` including stderr.

    File names are never patterns, git does not prompt for passwords, and URLs in messages have none. `variables` are
    further environment variables. `hooks` is the folder of hooks to run, empty for the repository's own; by default,
    no hooks run.

    Raises:
        GitError: it failed or timed out, or git is not installed.
    """
    if any("\0" in argument for argument in arguments):
        raise GitError("git does not accept NUL characters")
    git = shutil.which("git")
    if git is None:
        raise GitError("`git` was not found on the PATH")
    settings = ["core.quotePath=false", *([f"core.hooksPath={hooks or os.devnull}"] if hooks != "" else [])]
    command = [git, *(word for each in settings for word in ("-c", each)), "--no-pager", *arguments]
    env = {**process.inherited(*_REPOSITORY_VARIABLES), **_VARIABLES, **variables}
    try:
        name = f"git {arguments[0]}"
        options = {"limit": limit, "name": name, "merged": merged, **watch._asdict()}
        done = process.run(command, env=env, cwd=folder, stdin=stdin, **options)
    except process.ProcessError as error:
        raise GitError(error.message, error.hint) from error
    if done.code:
        stdout, stderr = without_credentials(done.stdout), without_credentials(done.stderr)
        raise GitError(stderr.strip() or stdout.strip() or f"git exited with code {done.code}", output=stdout + stderr)
    return done.stdout
