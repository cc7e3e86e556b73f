"""Fetches from and pushes to the remote of a repository, and finds the pull requests of its branches."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from codegen.git.failures import explained
from codegen.git.hosts import is_known, new_pull_request, pull_request_in, pull_requests_of, without_credentials
from codegen.git.program import HOOKS_TIMEOUT, GitError, Watch, output_of, run, succeeds

# Seconds; a user may be waiting.
_TIMEOUT = 20
# The setting of a branch with the URL that the host printed after a push.
_PULL_REQUEST = "pullrequest"


class PullRequest(NamedTuple):
    """The pull request of a branch.

    Attributes:
        new: the URL that opens it; empty for an unknown host.
        existing: the URL of the branch's pull requests; empty for an unknown host.
    """

    branch: str
    base: str
    new: str
    existing: str


def remote_of(folder: Path, branch: str) -> str:
    """Return the remote that a branch is pushed to; empty if the repository has none."""
    remotes = run(folder, "remote").splitlines()
    own = output_of(folder, "config", f"branch.{branch}.remote")
    return next((name for name in (own, "origin", *remotes) if name in remotes), "")


def url_of(folder: Path, remote: str) -> str:
    """Return the URL of a remote: the configured one if its host is known, else the one rewritten by `insteadOf`."""
    configured = output_of(folder, "config", "--get", f"remote.{remote}.url")
    return configured if is_known(configured) else output_of(folder, "remote", "get-url", "--", remote)


def default_branch(folder: Path, remote: str, *, asks: bool = True) -> str:
    """Return the target branch of pull requests: the `HEAD` of the remote, else `main` or `master`; empty without any.

    If this repository does not know the `HEAD`, the remote is asked.
    """
    prefix = f"refs/remotes/{remote}/"
    known = output_of(folder, "symbolic-ref", "--quiet", f"{prefix}HEAD")
    if known.startswith(prefix) and _exists(folder, known):
        return known.removeprefix(prefix)
    with suppress(GitError):
        answer = run(folder, "ls-remote", "--symref", "--", remote, "HEAD") if asks else ""
        if match := re.search(r"^ref: refs/heads/(.+)\tHEAD$", answer, re.MULTILINE):
            return match[1]
    refs = ((name, f"{place}{name}") for place in (prefix, "refs/heads/") for name in ("main", "master"))
    return next((name for name, ref in refs if _exists(folder, ref)), "")


def track(folder: Path, remote: str, prefix: str) -> None:
    """Configure fetches to include the branches with a prefix, also in a clone of a single branch."""
    known = output_of(folder, "config", "--get-all", f"remote.{remote}.fetch").splitlines()
    of_all, own = (f"+refs/heads/{start}*:refs/remotes/{remote}/{start}*" for start in ("", prefix))
    if not {of_all, own} & {*known}:
        run(folder, "config", "--add", f"remote.{remote}.fetch", own)


def fetch(folder: Path, remote: str) -> None:
    """Fetch the branches of a remote, and remove those that it no longer has.

    Raises:
        RemoteError: the remote cannot be reached, or denies access.
        GitError: another failure of git.
    """
    options = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
    try:
        run(folder, "fetch", *options, "--", remote, limit=_TIMEOUT)
    except GitError as error:
        raise _explained(folder, remote, "", error) from error


def push(
    folder: Path,
    remote: str,
    branch: str,
    watch: Watch = Watch(),  # noqa: B008  # it is immutable
    hooks: str = "",
) -> None:
    """Push a branch to the branch of the same name, never by force, and store the URL of a pull request it prints.

    Raises:
        RemoteError: the remote cannot be reached or rejects the push, or the pre-push hook of this repository failed.
        GitError: another failure of git, or it was cancelled.
    """
    ref = f"refs/heads/{branch}"
    options = ("--porcelain", "--set-upstream", "--no-follow-tags", "--no-force-with-lease")
    try:
        output = run(
            folder, "push", *options, "--", remote, f"{ref}:{ref}",
            limit=HOOKS_TIMEOUT, watch=watch, merged=True, hooks=hooks,
        )  # fmt: skip
    except GitError as error:
        raise _explained(folder, remote, branch, error) from error
    if address := pull_request_in(output, url_of(folder, remote)):
        # Another git process may lock the configuration; then the host's usual URL is used.
        with suppress(GitError):
            run(folder, "config", f"branch.{branch}.{_PULL_REQUEST}", address)


def pull_request_of(folder: Path, remote: str, branch: str, base: str) -> PullRequest:
    """Return the pull request of a branch; without a `base`, to the default branch of the host."""
    url, printed = url_of(folder, remote), output_of(folder, "config", f"branch.{branch}.{_PULL_REQUEST}")
    return PullRequest(branch, base, printed or new_pull_request(url, branch, base), pull_requests_of(url, branch))


def delete_branch(folder: Path, remote: str, branch: str, hooks: str) -> None:
    """Delete a branch of the remote, if it still exists.

    Raises:
        RemoteError: the remote cannot be reached, or denies access.
        GitError: another failure of git.
    """
    ref = f"refs/heads/{branch}"
    try:
        run(folder, "push", "--porcelain", "--delete", "--", remote, ref, merged=True, hooks=hooks)
    except GitError as error:
        if "remote ref does not exist" not in error.output:
            raise _explained(folder, remote, branch, error) from error
        run(folder, "update-ref", "-d", f"refs/remotes/{remote}/{branch}")


def fast_forward(folder: Path, branch: str, upstream: str) -> bool:
    """Fast-forward a checked-out branch to another ref, without hooks, and return whether it is at that ref.

    It is not moved if another branch is checked out, a tracked file has uncommitted changes, an untracked one is
    in the way, or the branch has commits of its own.
    """
    if output_of(folder, "symbolic-ref", "--quiet", "HEAD") != f"refs/heads/{branch}":
        return False
    try:
        if run(folder, "--no-optional-locks", "status", "--porcelain=v1", "--untracked-files=no"):
            return False
        options = ("--ff-only", "--quiet", "--no-stat", "--no-autostash")
        run(folder, "merge", *options, "--", upstream)
    except GitError:
        return False
    return True


def _exists(folder: Path, ref: str) -> bool:
    return succeeds(folder, "rev-parse", "--verify", "--quiet", ref)


def _explained(folder: Path, remote: str, branch: str, error: GitError) -> GitError:
    return explained(without_credentials(url_of(folder, remote)) or remote, branch, error)
