"""Shows a commit with its next steps: the push, the pull request, and the branch that one came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen import git
from codegen.git import GitError, RemoteError
from codegen.sync.lock import LockedError
from codegen.text.copyable import shell_command
from codegen.web.shell.commits import Commit
from codegen.web.shell.request_context import Page, RequestContext

_HASH = re.compile(r"[0-9a-f]{7,64}")
# The branches that the page proposes.
_OURS = "dagpress/"


@dataclass(frozen=True)
class _Next:
    """The next steps after a commit.

    Attributes:
        branch: the branch that ends with the commit; empty without one.
        is_here: whether that branch is checked out.
        remote: the remote that it is pushed to; empty without one.
        url: the remote's URL, without credentials.
        is_pushed: whether the remote has the commit.
        base: the branch that a pull request goes to; empty if it is unknown.
        opening: the address where a pull request is opened; empty if it is unknown.
        existing: the address of the pull requests of the branch; empty if it is unknown.
        back: the branch that one came from; empty without one.
    """

    branch: str
    is_here: bool
    remote: str = ""
    url: str = ""
    is_pushed: bool = False
    base: str = ""
    opening: str = ""
    existing: str = ""
    back: str = ""

    @property
    def command(self) -> str:
        """The shell command that pushes the branch and nothing else, also one with a leading `+`."""
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
    found = _Next(branch, head.branch == branch, remote, base=git.default_branch(root, remote, asks=False))
    if found.is_here and not found.is_base:
        found = replace(found, back=_way_back(root, found))
    if not (branch and remote):
        return found
    url = git.url_of(root, remote)
    tracking = git.run(root, "for-each-ref", f"--contains={commit}", f"refs/remotes/{remote}/{branch}")
    return replace(
        found,
        url=git.without_credentials(url),
        is_pushed=bool(tracking),
        opening="" if found.is_base else git.new_pull_request(url, branch, found.base),
        existing="" if found.is_base else git.pull_requests_of(url, branch),
    )


def _way_back(root: Path, found: _Next) -> str:
    """The branch that was left for this one; from one of ours to another, the default branch."""
    previous, local = git.previous_branch(root), git.branches_of(root)
    candidates = ("" if previous.startswith(_OURS) else previous, found.base)
    return next((name for name in candidates if name in local and name != found.branch), "")


def _commit_of(context: RequestContext) -> str:
    """The full hash of the commit of a request."""
    commit, root = context.request.path_params["commit"], context.workspace.root
    try:
        if _HASH.fullmatch(commit):
            return git.run(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").strip()
    except GitError:
        pass
    raise HTTPException(404, "There is no such commit.")


def _committed(context: RequestContext) -> Response:
    return _page(context, _commit_of(context))


def _page(  # noqa: PLR0913, PLR0917  # the parts of a refusal
    context: RequestContext, commit: str, refused: str = "", problem: str = "", status: int = 200, hint: str = ""
) -> Response:
    root = context.workspace.root
    message = git.run(root, "show", "--no-patch", "--format=%B", commit).strip()
    shown = git.run(root, "show", "--format=", "--name-only", "--no-renames", "-z", commit)
    following, files = _next_of(root, commit), [name for name in shown.split("\0") if name]
    latest = context.site.pushes.at(_address(commit))
    if latest and latest.result.done() and isinstance(said := latest.result.result(), str):
        printed = git.pull_request_in(said, git.url_of(root, following.remote))
        following = replace(following, opening=printed or following.opening)
    return context.page(
        "committed.html", status,
        commit=commit, message=message, files=files, next=following, refused=refused, problem=problem, hint=hint,
    )  # fmt: skip


def _address(commit: str) -> str:
    return f"/pushing/{commit}"


def _push(context: RequestContext) -> Response:
    root, commit = context.workspace.root, _commit_of(context)
    following = _next_of(root, commit)
    if not (following.branch and following.remote):
        return _page(context, commit, "Nothing was pushed.", "The commit is on no branch that can be pushed.", 409)
    work = partial(_pushed, root, following)
    try:
        context.site.pushes.start(_address(commit), following.branch, work)
    except LockedError as error:
        return _page(context, commit, "Nothing was pushed.", f"Try again later: {error}.", 503)
    return _follow(context)


def _pushed(root: Path, following: _Next, push: Commit) -> str | GitError:
    """The output of a push, or why it failed."""
    try:
        return git.push(root, following.remote, following.branch, git.Watch(push.note, push.is_cancelled))
    except GitError as error:
        return error


def _follow(context: RequestContext) -> Response:
    """Show the result of a push, or its progress."""
    commit = _commit_of(context)
    push = context.site.pushes.at(_address(commit))
    if push is None:
        return RedirectResponse(f"/commits/{commit}", 303)
    if not push.look():
        if context.request.method == "POST":
            return RedirectResponse(push.address, 303)
        return context.page("pushing.html", commit=push, limit=git.HOOKS_LIMIT)
    if context.is_fragment:
        return Response(headers={"HX-Redirect": push.address})
    return _ended(context, commit, push.result.result())


def _ended(context: RequestContext, commit: str, result: str | GitError) -> Response:
    if isinstance(result, RemoteError):
        return _page(context, commit, f"Nothing was pushed: {result.summary}.", result.said, 422, result.hint)
    if isinstance(result, GitError):
        return _page(context, commit, "Nothing was pushed.", result.message, 422, result.hint)
    return RedirectResponse(f"/commits/{commit}", 303)


def _cancel(context: RequestContext) -> Response:
    if push := context.site.pushes.at(_address(_commit_of(context))):
        push.cancel()
    return _follow(context)


def _back(context: RequestContext) -> Response:
    root, commit = context.workspace.root, _commit_of(context)
    back = context.form.get("back", "")
    with context.workspace.transaction() as transaction:
        if back != _next_of(root, commit).back or not back:
            return _page(context, commit, "Nothing was changed.", "Another branch is checked out by now.", 409)
        transaction.admit_hooks()
        try:
            git.switch(root, back)
        except GitError as error:
            refused = f"The project stays on {git.head_of(root).branch}."
            return _page(context, commit, refused, error.message, 422, error.hint)
    return RedirectResponse(f"/commits/{commit}", 303)


PAGES = (
    Page("/commits/{commit}", _committed),
    Page("/push/{commit}", _push, "POST", is_of_checkout=True),
    Page("/pushing/{commit}", _follow),
    Page("/pushing/{commit}", _cancel, "POST"),
    Page("/back/{commit}", _back, "POST", is_of_checkout=True),
)
