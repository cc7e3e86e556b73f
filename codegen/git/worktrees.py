"""Worktrees of a repository: further working trees, each on a branch of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from codegen.git.program import HOOKS_LIMIT, run

# Hooks must not run when a tool prepares or restores a working tree.
NO_HOOKS: Mapping[str, str] = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.hooksPath",
    "GIT_CONFIG_VALUE_0": os.devnull,
}


def hooks_of(folder: Path) -> Mapping[str, str]:
    """The variables with which git runs the hooks of this working tree in another one.

    A relative `core.hooksPath` names a folder of each working tree, which contains what its branch contains.
    """
    hooks = run(folder, "rev-parse", "--path-format=absolute", "--git-path", "hooks").removesuffix("\n")
    return {**NO_HOOKS, "GIT_CONFIG_VALUE_0": hooks}


def worktrees_of(folder: Path) -> dict[str, Path]:
    """The worktrees of a repository by their branches, without those whose folder is missing."""
    found = {}
    for record in run(folder, "worktree", "list", "--porcelain", "-z").split("\0\0"):
        fields = dict(line.partition(" ")[::2] for line in record.split("\0") if line)
        path = Path(fields.get("worktree", ""))
        if "branch" in fields and (path / ".git").exists():
            found[fields["branch"].removeprefix("refs/heads/")] = path
    return found


def add_worktree(folder: Path, path: Path, branch: str, start: str = "") -> None:
    """Check a branch out in a new folder; with `start`, a commit or a ref, it is a new branch from there.

    Raises:
        GitError: the branch exists although `start` is given, or it is checked out elsewhere.
    """
    run(folder, "worktree", "prune", variables=NO_HOOKS)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = ["--no-track", "-b", branch, str(path), start] if start else [str(path), branch]
    run(folder, "worktree", "add", "--quiet", *new, limit=HOOKS_LIMIT, variables=NO_HOOKS)


def remove_worktree(folder: Path, path: Path) -> None:
    """Remove a worktree with everything in it."""
    run(folder, "worktree", "remove", "--force", str(path), limit=HOOKS_LIMIT, variables=NO_HOOKS)
