"""Shows a commit with its next steps: the push, the pull request, and the previous branch."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen import git
from codegen.git import GitError, PullRequest, RemoteError
from codegen.proposals import PREFIX
from codegen.sync.lock import LockedError
from codegen.text.copyable import shell_command
from codegen.web.parts.progress import start
from codegen.web.shell.operations import Operation
from codegen.web.shell.request_context import Page, RequestContext

_HASH = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class _Next:
    """The next steps after a commit.

    Attributes:
        branch: the branch that ends with the commit; empty without one.
        is_here: whether that branch is checked out.
        base: the branch that pull requests go to; empty if it is unknown.
        remote: the remote that it is pushed to; empty without one.
        url: the remote's URL, without credentials.
        is_pushed: whether the remote has the commit.
        back: the previous branch; empty without one.
        pull_request: the pull request of the branch; None for the base, and without a remote.
    """

    branch: str
    is_here: bool
    base: str
    remote: str
    url: str = ""
    is_pushed: bool = False
    back: str = ""
    pull_request: PullRequest | None = None

    @property
    def command(self) -> str:
        """The shell command that pushes only the branch, whose name can start with `+`."""
        return shell_command("git", "push", "-u", names=[self.remote, f"refs/heads/{self.branch}"])

    @property
    def is_base(self) -> bool:
        """Whether the commit is on the branch that pull requests go to."""
        return self.branch == self.base


def _next_of(root: Path, commit: str) -> _Next:
    head = git.head_of(root)
    refs = git.run(root, "for-each-ref", f"--points-at={commit}", "--format=%(refname:lstrip=2)", "refs/heads")
    branches = refs.splitlines()
    branch = head.branch if head.branch in branches else next(iter(branches), "")
    remote = git.remote_of(root, branch)
    found = _Next(branch, head.branch == branch, git.default_branch(root, remote, asks=False), remote)
    if found.is_here and not found.is_base:
        found = replace(found, back=_way_back(root, found))
    if not (branch and remote):
        return found
    tracking = git.run(root, "for-each-ref", f"--contains={commit}", f"refs/remotes/{remote}/{branch}")
    return replace(
        found,
        url=git.without_credentials(git.url_of(root, remote)),
        is_pushed=bool(tracking),
        pull_request=None if found.is_base else git.pull_request_of(root, remote, branch, found.base),
    )


def _way_back(root: Path, found: _Next) -> str:
    """Return the branch to switch back to: the previous one, or the default branch if Dagpress created that."""
    previous, local = git.previous_branch(root), git.branches_of(root)
    candidates = ("" if previous.startswith(PREFIX) else previous, found.base)
    return next((name for name in candidates if name in local and name != found.branch), "")


def _commit_of(context: RequestContext) -> str:
    """Return the full hash of the commit of a request."""
    commit, root = context.request.path_params["commit"], context.workspace.root
    try:
        if _HASH.fullmatch(commit):
            return git.run(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").strip()
    except GitError:
        pass
    raise HTTPException(404, "This commit does not exist.")


def _committed(context: RequestContext) -> Response:
    return _page(context, _commit_of(context))


def _page(  # noqa: PLR0913, PLR0917  # the parts of a refusal
    context: RequestContext, commit: str, refused: str = "", problem: str = "", status: int = 200, hint: str = ""
) -> Response:
    root = context.workspace.root
    message = git.run(root, "show", "--no-patch", "--format=%B", commit).strip()
    shown = git.run(root, "show", "--format=", "--name-only", "--no-renames", "-z", commit)
    following, files = _next_of(root, commit), [name for name in shown.split("\0") if name]
    return context.page(
        "committed.html", status,
        commit=commit, message=message, files=files, next=following, refused=refused, problem=problem, hint=hint,
    )  # fmt: skip


def _push(context: RequestContext) -> Response:
    root, commit = context.workspace.root, _commit_of(context)
    following = _next_of(root, commit)
    if not (following.branch and following.remote):
        return _page(context, commit, "Nothing was pushed.", "This commit is not on a branch that can be pushed.", 409)

    def push(operation: Operation) -> None:
        git.push(root, following.remote, following.branch, operation.watch)

    try:
        return start(context, context.site.pushes, following.branch, push, partial(_pushed, commit))
    except LockedError as error:
        return _page(context, commit, "Nothing was pushed.", f"Try again later: {error}.", 503)


def _pushed(commit: str, context: RequestContext, operation: Operation) -> Response:
    try:
        operation.result.result()
    except RemoteError as error:
        return _page(context, commit, f"Nothing was pushed: {error.summary}.", error.remote_output, 422, error.hint)
    except GitError as error:
        return _page(context, commit, "Nothing was pushed.", error.message, 422, error.hint)
    return RedirectResponse(f"/commits/{commit}", 303)


def _back(context: RequestContext) -> Response:
    root, commit = context.workspace.root, _commit_of(context)
    back = context.form.get("back", "")
    with context.workspace.transaction() as transaction:
        if back != _next_of(root, commit).back or not back:
            return _page(context, commit, "Nothing was changed.", "Another branch is checked out now.", 409)
        transaction.admit_hooks()
        try:
            git.switch(root, back)
        except GitError as error:
            refused = f"The project stays on {git.head_of(root).branch}."
            return _page(context, commit, refused, error.message, 422, error.hint)
    return RedirectResponse(f"/commits/{commit}", 303)


PAGES = (
    Page("/commits/{commit}", _committed),
    Page("/push/{commit}", _push, "POST", changes_checkout=True),
    Page("/back/{commit}", _back, "POST", changes_checkout=True),
)
