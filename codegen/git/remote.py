"""Fetches from and pushes to the remote of a repository, and tells in plain words why that failed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

from codegen.diagnostics import quoted
from codegen.git.hosts import is_known, without_credentials
from codegen.git.program import HOOKS_LIMIT, GitError, Watch, answer_of, run


class Failure(Enum):
    """Why a remote did not take or give something."""

    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    DECLINED = "declined"
    MOVED = "moved"
    HOOK = "hook"


class RemoteError(GitError):
    """A fetch or a push failed.

    Attributes:
        failure: the cause.
        summary: the message without what the host or a hook printed.
        said: what the host or a hook printed about it.
    """

    def __init__(self, failure: Failure, said: str, message: str, hint: str) -> None:
        super().__init__(f"{message}{f': {said}' if said else ''}", hint)
        self.failure = failure
        self.summary = message
        self.said = said


# Seconds for an answer, for which somebody may wait.
_LIMIT = 20
# The status of a rejected branch, by `git push --porcelain`: `!<TAB>from:to<TAB>[rejected] (fetch first)`.
_REJECTED = re.compile(r"^!\t[^\t]*\t\[([a-z ]+)\] \((.*)\)$", re.MULTILINE)
_MOVED = {"fetch first", "non-fast-forward", "already exists", "stale info", "needs force"}
# The remote's file system, and those that open the connection, answer in texts of their own.
_FORBIDDEN = (
    *("permission denied", " denied to ", "access denied", "insufficient permission", "authentication failed"),
    *("could not read username", "could not read password", "error: 401", "error: 403", "not allowed to push"),
    *("host key verification failed", "not granted", "unable to create temporary object", "unpacker error"),
    *("remote unpack failed", "unable to migrate objects"),
)
_UNREACHABLE = (
    *("could not resolve host", "failed to connect", "connection refused", "connection timed out", "connection reset"),
    *("connection closed", "network is unreachable", "no route to host", "unable to access", "early eof"),
    *("could not read from remote", "does not appear to be a git repository", "repository not found", "' not found"),
    *("name or service not known", "hung up unexpectedly"),
)
_MESSAGES: Mapping[Failure, tuple[str, str]] = {
    Failure.UNREACHABLE: ("{remote} cannot be reached", "check the network and the address, and try again"),
    Failure.FORBIDDEN: (
        "{remote} refuses the access of this machine's user",
        "ask an owner of the repository for the right to write, or renew the password, token or key of this machine",
    ),
    Failure.DECLINED: (
        "{remote} does not accept the change on the branch {branch}",
        "if the branch is protected, use another one, and open a pull request from it",
    ),
    Failure.MOVED: (
        "the branch {branch} of {remote} contains changes of somebody else",
        "commit on a branch with another name, or merge their changes first",
    ),
    Failure.HOOK: ("a check of this project refused the push", "fix what it reports, and push again"),
}


def remote_of(folder: Path, branch: str) -> str:
    """The remote that a branch is pushed to; empty where the repository has none."""
    remotes = run(folder, "remote").splitlines()
    own = answer_of(folder, "config", f"branch.{branch}.remote")
    return next((name for name in (own, "origin", *remotes) if name in remotes), "")


def url_of(folder: Path, remote: str) -> str:
    """The URL of a remote: the configured one if its host is known, else that with the replacements of `insteadOf`."""
    configured = answer_of(folder, "config", "--get", f"remote.{remote}.url")
    return configured if is_known(configured) else answer_of(folder, "remote", "get-url", "--", remote)


def default_branch(folder: Path, remote: str, *, asks: bool = True) -> str:
    """The branch that pull requests go to: the `HEAD` of the remote, else `main` or `master`; empty without any.

    If this repository does not know the `HEAD`, it asks the remote.
    """
    prefix = f"refs/remotes/{remote}/"
    known = answer_of(folder, "symbolic-ref", "--quiet", f"{prefix}HEAD")
    if known.startswith(prefix) and _exists(folder, known):
        return known.removeprefix(prefix)
    with suppress(GitError):
        answer = run(folder, "ls-remote", "--symref", "--", remote, "HEAD") if asks else ""
        if match := re.search(r"^ref: refs/heads/(.+)\tHEAD$", answer, re.MULTILINE):
            return match[1]
    refs = ((name, f"{place}{name}") for place in (prefix, "refs/heads/") for name in ("main", "master"))
    return next((name for name, ref in refs if _exists(folder, ref)), "")


def track(folder: Path, remote: str, prefix: str) -> None:
    """Let fetches get the branches with a prefix, also in a clone of a single branch."""
    known = answer_of(folder, "config", "--get-all", f"remote.{remote}.fetch").splitlines()
    of_all, own = (f"+refs/heads/{start}*:refs/remotes/{remote}/{start}*" for start in ("", prefix))
    if not {of_all, own} & {*known}:
        run(folder, "config", "--add", f"remote.{remote}.fetch", own)


def fetch(folder: Path, remote: str) -> None:
    """Get the branches of a remote, and forget those that it no longer has.

    Raises:
        RemoteError: the remote cannot be reached, or refuses.
        GitError: another failure of git.
    """
    options = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
    try:
        run(folder, "fetch", *options, "--", remote, limit=_LIMIT)
    except GitError as error:
        raise _explained(folder, remote, "", error) from error


def push(
    folder: Path,
    remote: str,
    branch: str,
    watch: Watch = Watch(),  # noqa: B008  # it is immutable
    hooks: str = "",
) -> str:
    """Push a branch to the branch of the same name, never by force, and return what git and the remote printed.

    Raises:
        RemoteError: the remote cannot be reached or refuses, or the pre-push hook of this repository failed.
        GitError: another failure of git, or it was cancelled.
    """
    ref = f"refs/heads/{branch}"
    options = ("--porcelain", "--set-upstream", "--no-follow-tags", "--no-force-with-lease")
    try:
        return run(
            folder, "push", *options, "--", remote, f"{ref}:{ref}",
            limit=HOOKS_LIMIT, watch=watch, merged=True, hooks=hooks,
        )  # fmt: skip
    except GitError as error:
        raise _explained(folder, remote, branch, error) from error


def delete_branch(folder: Path, remote: str, branch: str, hooks: str) -> None:
    """Delete a branch of the remote; one that it no longer has is fine.

    Raises:
        RemoteError: the remote cannot be reached, or refuses.
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
    """Move a checked-out branch forward to another ref, without hooks, and return whether it is there.

    It stays where it is if another branch is checked out, a tracked file has uncommitted changes, an untracked one is
    in the way, or the branch has commits of its own.
    """
    if answer_of(folder, "symbolic-ref", "--quiet", "HEAD") != f"refs/heads/{branch}":
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
    return bool(answer_of(folder, "rev-parse", "--verify", "--quiet", ref))


def _explained(folder: Path, remote: str, branch: str, error: GitError) -> GitError:
    """The error with its cause, if that is known."""
    failure, said = _failure(error.output)
    if failure is None:
        return error
    message, hint = _MESSAGES[failure]
    url = without_credentials(url_of(folder, remote)) or remote
    return RemoteError(failure, said, message.format(remote=quoted(url), branch=quoted(branch)), hint)


def _failure(output: str) -> tuple[Failure | None, str]:
    """The cause of a failure, and what the remote or the hook said about it."""
    remote = [line.removeprefix("remote:").strip() for line in output.splitlines() if line.startswith("remote:")]
    said = "\n".join(filter(None, remote))
    if match := _REJECTED.search(output):
        status, reason = match.groups()
        if reason in _MOVED:
            return Failure.MOVED, ""
        is_forbidden = _has(reason, _FORBIDDEN) or (_has(said, _FORBIDDEN) and "hook" not in reason)
        return (Failure.FORBIDDEN if is_forbidden else Failure.DECLINED), said or f"{status}: {reason}"
    lines = [line for line in output.splitlines() if line and not line.startswith(("hint:", "error: failed to push"))]
    # Without an answer of the remote and without an error, only the hook of this repository can have ended the push.
    is_answered = any(line.startswith(("To ", "fatal:", "error:", "remote:")) for line in lines)
    if "error: failed to push some refs" in output and not is_answered:
        return Failure.HOOK, "\n".join(lines)
    for failure, texts in ((Failure.FORBIDDEN, _FORBIDDEN), (Failure.UNREACHABLE, _UNREACHABLE)):
        if (line := next((line for line in lines if _has(line, texts)), None)) is not None:
            return failure, said or line.removeprefix("fatal: ").strip()
    return None, ""


def _has(text: str, parts: Sequence[str]) -> bool:
    return any(part in text.lower() for part in parts)
