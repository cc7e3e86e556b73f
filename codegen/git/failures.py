"""Explains why a fetch or a push failed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum

from codegen.diagnostics import quoted
from codegen.git.program import GitError


class Failure(Enum):
    """The cause of a failed fetch or push."""

    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    DECLINED = "declined"
    MOVED = "moved"
    HOOK = "hook"


class RemoteError(GitError):
    """A fetch or a push failed.

    Attributes:
        failure: the cause.
        summary: the message without `remote_output`.
        remote_output: the output of the host or of the hook.
    """

    def __init__(self, failure: Failure, remote_output: str, message: str, hint: str) -> None:
        super().__init__(f"{message}{f': {remote_output}' if remote_output else ''}", hint)
        self.failure = failure
        self.summary = message
        self.remote_output = remote_output


# The status of a rejected branch, by `git push --porcelain`: `!<TAB>from:to<TAB>[rejected] (fetch first)`.
_REJECTED = re.compile(r"^!\t[^\t]*\t\[([a-z ]+)\] \((.*)\)$", re.MULTILINE)
_MOVED = {"fetch first", "non-fast-forward", "already exists", "stale info", "needs force"}
# Messages of the remote's file system, and of the programs that open the connection.
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
    Failure.UNREACHABLE: ("{remote} cannot be reached", "check the network and the URL, and try again"),
    Failure.FORBIDDEN: (
        "{remote} denies access to this machine's user",
        "ask an owner of the repository for write access, or renew the password, token or SSH key of this machine",
    ),
    Failure.DECLINED: (
        "{remote} rejected the push to the branch {branch}",
        "if the branch is protected, push another branch and open a pull request from it",
    ),
    Failure.MOVED: (
        "the branch {branch} of {remote} has commits that are not in this repository",
        "commit to another branch, or merge those commits first",
    ),
    Failure.HOOK: ("a Git hook of this project rejected the push", "fix what it reports, and push again"),
}


def explained(url: str, branch: str, error: GitError) -> GitError:
    """Return the error of git with its cause, if known; the URL must not contain credentials."""
    failure, remote_output = _failure(error.output)
    if failure is None:
        return error
    message, hint = _MESSAGES[failure]
    return RemoteError(failure, remote_output, message.format(remote=quoted(url), branch=quoted(branch)), hint)


def _failure(output: str) -> tuple[Failure | None, str]:
    """Return the cause of a failure, and the output of the remote or the hook about it."""
    remote = [line.removeprefix("remote:").strip() for line in output.splitlines() if line.startswith("remote:")]
    remote_output = "\n".join(filter(None, remote))
    if match := _REJECTED.search(output):
        status, reason = match.groups()
        if reason in _MOVED:
            return Failure.MOVED, ""
        is_forbidden = _has(reason, _FORBIDDEN) or (_has(remote_output, _FORBIDDEN) and "hook" not in reason)
        return (Failure.FORBIDDEN if is_forbidden else Failure.DECLINED), remote_output or f"{status}: {reason}"
    lines = [line for line in output.splitlines() if line and not line.startswith(("hint:", "error: failed to push"))]
    # Without an answer of the remote and without an error, only the hook of this repository can have ended the push.
    is_answered = any(line.startswith(("To ", "fatal:", "error:", "remote:")) for line in lines)
    if "error: failed to push some refs" in output and not is_answered:
        return Failure.HOOK, "\n".join(lines)
    for failure, texts in ((Failure.FORBIDDEN, _FORBIDDEN), (Failure.UNREACHABLE, _UNREACHABLE)):
        if (line := next((line for line in lines if _has(line, texts)), None)) is not None:
            return failure, remote_output or line.removeprefix("fatal: ").strip()
    return None, ""


def _has(text: str, parts: Sequence[str]) -> bool:
    return any(part in text.lower() for part in parts)
