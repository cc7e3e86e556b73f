"""Worktrees of a repository: additional working trees, each with its own branch."""

from __future__ import annotations

from pathlib import Path

from codegen.git.program import HOOKS_TIMEOUT, GitError, run


def hooks_of(folder: Path) -> str:
    """Return the hooks folder of this working tree, to run its hooks in another one.

    There, a relative `core.hooksPath` would name a folder of that working tree, with the content of its branch.
    """
    return run(folder, "rev-parse", "--path-format=absolute", "--git-path", "hooks", hooks="").removesuffix("\n")


def worktrees_of(folder: Path) -> dict[str, Path]:
    """Return the worktrees of a repository by their branches, except those with a missing folder."""
    found = {}
    for record in run(folder, "worktree", "list", "--porcelain", "-z").split("\0\0"):
        fields = dict(line.partition(" ")[::2] for line in record.split("\0") if line)
        path = Path(fields.get("worktree", ""))
        if "branch" in fields and (path / ".git").exists():
            found[fields["branch"].removeprefix("refs/heads/")] = path
    return found


def add_worktree(folder: Path, path: Path, branch: str, start: str = "") -> None:
    """Check a branch out in a new folder; with `start`, a commit or a ref, a new branch is created from there.

    Raises:
        GitError: with `start`, the branch exists; it is checked out elsewhere; or the folder cannot be created.
    """
    run(folder, "worktree", "prune")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GitError(f"{path.parent} cannot be created: {error.strerror}") from error
    new = ["--no-track", "-b", branch, str(path), start] if start else [str(path), branch]
    run(folder, "worktree", "add", "--quiet", *new, limit=HOOKS_TIMEOUT)


def remove_worktree(folder: Path, path: Path) -> None:
    """Remove a worktree with everything in it, also after an interrupted checkout."""
    run(folder, "worktree", "remove", "--force", "--force", str(path), limit=HOOKS_TIMEOUT)


def recover_worktree(path: Path) -> None:
    """Remove the locks and the unfinished merge of a killed git from a worktree in which no git runs.

    Raises:
        GitError: aborting the merge would lose changes.
    """
    for name in ("index.lock", "HEAD.lock"):
        _in_git_folder(path, name).unlink(missing_ok=True)
    if _in_git_folder(path, "MERGE_HEAD").exists():
        run(path, "merge", "--abort")


def is_checked_out(path: Path) -> bool:
    """Return whether the checkout of a new worktree is complete: before, all of its files would count as deleted."""
    return _in_git_folder(path, "index").exists()


def _in_git_folder(path: Path, name: str) -> Path:
    return path / run(path, "rev-parse", "--git-path", name).removesuffix("\n")
