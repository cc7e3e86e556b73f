"""Commits named files and nothing else, on the current branch or on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from codegen.diagnostics import quoted
from codegen.git.program import HOOKS_TIMEOUT, GitError, Watch, output_of, run
from codegen.git.status import uncommitted

# The files of operations in progress, and their commands.
_IN_PROGRESS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}


class Head(NamedTuple):
    """The branch of a working tree, empty if detached, and its commit, empty before the first one."""

    branch: str
    commit: str


def head_of(folder: Path) -> Head:
    """Return the branch and the commit of the working tree of a folder.

    Raises:
        GitError: it is not in a repository that git would use.
    """
    run(folder, "rev-parse", "--git-dir")
    branch = output_of(folder, "symbolic-ref", "--quiet", "HEAD").removeprefix("refs/heads/")
    return Head(branch, output_of(folder, "rev-parse", "--verify", "--quiet", "HEAD"))


def branches_of(folder: Path) -> list[str]:
    """Return the names of the local branches."""
    return run(folder, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").splitlines()


def committed_text(folder: Path, name: str, commit: str = "HEAD") -> str | None:
    """Return the text of a file in a commit, with the line endings of the working tree; None if the file is missing."""
    try:
        return run(folder, "cat-file", "--filters", f"{commit}:./{name}")
    except GitError:
        return None


def commit(  # noqa: PLR0913  # the options of a commit
    folder: Path,
    names: Sequence[str],
    message: str,
    branch: str = "",
    *,
    watch: Watch = Watch(),  # noqa: B008  # it is immutable
    variables: Mapping[str, str] = MappingProxyType({}),
    hooks: str = "",
) -> Head:
    """Commit files as they are on disk, including deletions, and leave the staging area unchanged.

    Another branch is checked out, or created at the current commit. A failure restores the previous branch. The
    `variables` are added to the process of the commit; `hooks` is a folder of hooks to use instead of its own.

    Raises:
        GitError: git or a hook rejects the commit, or it was cancelled.
    """
    before = head_of(folder)
    branch = branch or before.branch
    _check_nothing_in_progress(folder)
    _check_branch(folder, branch)
    if not message.strip():
        raise GitError("the commit needs a message")
    is_new = branch != before.branch and branch not in branches_of(folder)
    try:
        if branch != before.branch:
            run(
                folder,
                "switch",
                *(["--create"] if is_new else ["--no-guess"]),
                branch,
                limit=HOOKS_TIMEOUT,
                watch=watch,
                hooks=hooks,
            )
        _commit_files(folder, names, message, watch, variables, hooks)
    except GitError as error:
        _restore_branch(folder, before, branch if is_new else "", error)
        raise
    return head_of(folder)


def previous_branch(folder: Path) -> str:
    """Return the branch that was checked out before the current one; empty without one."""
    return output_of(folder, "rev-parse", "--abbrev-ref", "@{-1}")


def switch(folder: Path, branch: str) -> None:
    """Check out an existing branch; uncommitted changes stay.

    Raises:
        GitError: that would overwrite uncommitted changes, or a hook failed.
    """
    _check_nothing_in_progress(folder)
    try:
        run(folder, "switch", "--quiet", "--no-guess", branch, limit=HOOKS_TIMEOUT, hooks="")
    except GitError as error:
        # Git lists them one a line, after a tab.
        names = [line.strip() for line in error.message.splitlines() if line.startswith("\t")]
        if not names:
            raise
        lost = ", ".join(quoted(name) for name in names)
        message = f"switching to {quoted(branch)} would overwrite uncommitted changes of {lost}"
        raise GitError(message, "commit or discard them first") from error


def _check_nothing_in_progress(folder: Path) -> None:
    """Refuse during operations in which git cannot commit single files."""
    directory = folder / run(folder, "rev-parse", "--git-dir").removesuffix("\n")
    for file, command in _IN_PROGRESS.items():
        if (directory / file).exists():
            hint = f"continue it with `git {command} --continue`, or cancel it with `git {command} --abort`"
            raise GitError(f"a {command} is in progress", hint)


def _check_branch(folder: Path, branch: str) -> None:
    if not branch:
        raise GitError("no branch is checked out", "choose a branch to commit to")
    # Git would also accept `@{-1}`, the previous branch.
    if output_of(folder, "check-ref-format", "--branch", branch) != branch:
        raise GitError(f"{quoted(branch)} is not a valid branch name", "use letters, digits, `-`, `_`, `.` and `/`")


def _commit_files(  # noqa: PLR0913, PLR0917  # the options of a commit
    folder: Path, names: Sequence[str], message: str, watch: Watch, variables: Mapping[str, str], hooks: str
) -> None:
    changed = uncommitted(folder, names)
    if not changed:
        raise GitError("there is nothing to commit: the files are unchanged, or git ignores them")
    # `commit --only` does not accept untracked files.
    unknown = [name for name, is_known in changed.items() if not is_known]
    try:
        if unknown:
            run(folder, "add", "--intent-to-add", "--", *unknown)
        words = ("commit", "--quiet", "--only", "--file=-", "--", *changed)
        run(folder, *words, stdin=message, limit=HOOKS_TIMEOUT, variables=variables, watch=watch, hooks=hooks)
    except GitError:
        if unknown:
            with suppress(GitError):
                run(folder, "rm", "--quiet", "--cached", "--ignore-unmatch", "--", *unknown)
        raise


def _restore_branch(folder: Path, before: Head, new_branch: str, error: GitError) -> None:
    """Return to the previous branch, or raise both errors."""
    now = head_of(folder)
    if now.branch != before.branch:
        # Git or a hook may fail here, too; only the resulting branch counts.
        with suppress(GitError):
            if now.commit != before.commit:
                place = ["--no-guess", before.branch] if before.branch else ["--detach", before.commit]
                run(folder, "switch", *place, limit=HOOKS_TIMEOUT)
            elif before.branch:
                run(folder, "symbolic-ref", "HEAD", f"refs/heads/{before.branch}")
            else:
                run(folder, "update-ref", "--no-deref", "HEAD", before.commit)
        if (now := head_of(folder)).branch != before.branch:
            raise GitError(f"{error}\nThe working tree is still on {quoted(now.branch)}.") from error
    if new_branch and new_branch in branches_of(folder):
        run(folder, "branch", "--quiet", "-D", new_branch)
