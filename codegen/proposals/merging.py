"""Merges a branch into a proposal; both may have changed the same schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from codegen import git
from codegen.diagnostics import DagpressError
from codegen.git import HOOKS_TIMEOUT, GitError, Watch
from codegen.loader import SUFFIXES


class Side(Enum):
    """The version of a schedule that a merge keeps: from the proposal, or from the merged branch."""

    PROPOSAL = "ours"
    CURRENT = "theirs"


class Conflict(NamedTuple):
    """A schedule file that both sides changed, with its texts; None where a side deleted it."""

    name: str
    proposed: str | None
    current: str | None


class ConflictError(DagpressError):
    """Both sides changed the same schedules, and it is undecided which version to keep."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        names = ", ".join(conflict.name for conflict in conflicts)
        super().__init__(f"{names} has newer changes by others")
        self.conflicts = conflicts


def merge(  # noqa: PLR0913  # the options of a merge
    root: Path,
    other: str,
    folders: Sequence[str],
    sides: Mapping[str, Side],
    regenerate: Callable[[], None],
    *,
    variables: Mapping[str, str],
    hooks: str,
    watch: Watch,
) -> None:
    """Merge a branch into the worktree of a project, regenerate its files, and commit; all or nothing.

    Args:
        root: the project's folder in a worktree without uncommitted changes.
        other: the branch.
        folders: the folders of schedules and of generated files.
        sides: the version to keep of each schedule with a conflict, by its path in the project.
        regenerate: writes the generated files.
        variables: environment variables for the commit.
        hooks: the folder of the hooks for the commit.
        watch: callbacks for the commit.

    Raises:
        ConflictError: schedules have a conflict that `sides` does not decide.
        GitError: other files have a conflict, or git or a hook rejects the commit.
    """
    try:
        _merge(root, other, folders, sides)
        if not (root / git.run(root, "rev-parse", "--git-path", "MERGE_HEAD").removesuffix("\n")).exists():
            return
        regenerate()
        git.run(root, "add", "--all", "--", *(name for name in folders if (root / name).exists()))
        git.run(
            root, "commit", "--quiet", "--no-edit", limit=HOOKS_TIMEOUT, variables=variables, hooks=hooks, watch=watch
        )
    except BaseException:
        with suppress(GitError):
            git.run(root, "merge", "--abort")
        raise


def _merge(root: Path, other: str, folders: Sequence[str], sides: Mapping[str, Side]) -> None:
    try:
        git.run(
            root,
            "merge",
            "--no-commit",
            "--quiet",
            # Schedules are similar: git would take a new one for a renamed one, and merge its changes.
            # Before git 2.50, the strategy `ort` always looks for renames.
            "--strategy=recursive",
            "--strategy-option=no-renames",
            "-m",
            "Merge newer changes",
            other,
            limit=HOOKS_TIMEOUT,
        )
    except GitError:
        unmerged = sorted(git.unmerged(root, []))
        if not unmerged:
            raise
        conflicts = [name for name in unmerged if Path(name).suffix.lower() in SUFFIXES and _is_in(folders[0], name)]
        if not all(name in conflicts or _is_in(folders[1], name) for name in unmerged):
            raise
        undecided = [_conflict(root, name) for name in conflicts if name not in sides]
        if undecided:
            raise ConflictError(undecided) from None
        for name in conflicts:
            _keep(root, name, sides[name])
        # Regenerating the generated files resolves their conflicts.


def _is_in(folder: str, name: str) -> bool:
    return name.startswith(f"{folder}/")


def _conflict(root: Path, name: str) -> Conflict:
    return Conflict(name, _staged(root, 2, name), _staged(root, 3, name))


def _staged(root: Path, stage: int, name: str) -> str | None:
    try:
        return git.run(root, "cat-file", "blob", f":{stage}:./{name}")
    except GitError:
        return None


def _keep(root: Path, name: str, side: Side) -> None:
    kept = _staged(root, 2 if side is Side.PROPOSAL else 3, name)
    if kept is None:
        git.run(root, "rm", "--quiet", "--", name)
    else:
        git.run(root, "checkout", "--quiet", f"--{side.value}", "--", name)
        git.run(root, "add", "--", name)
