"""The git history of a schedule file: its latest commits with their changes, and its uncommitted changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from codegen import git
from codegen.git import Commit, FilePatch
from codegen.loader.discovery import SourceFile
from codegen.web.parts.patch import Patch, patch_of
from codegen.web.shell.request_context import Page, RequestContext

_MAX_COMMITS = 20


@dataclass(frozen=True)
class _History:
    """The commits of a file and its uncommitted changes, or the reason why they are unavailable."""

    problem: str
    commits: Sequence[Commit] = ()
    state: str = ""
    patch: Patch = Patch()  # noqa: RUF009  # it is frozen


def _history(context: RequestContext) -> Response:
    source = context.source
    found = _history_of(context, source)
    if "commit" in context.query:
        return _commit(context, source, found)
    return context.page(
        "history_list.html" if context.is_fragment else "history.html",
        source=source,
        history=found,
        limit=_MAX_COMMITS,
    )


def _commit(context: RequestContext, source: SourceFile, found: _History) -> Response:
    """Show the changes of one commit. Only the latest commits of the file are allowed."""
    commit = next((commit for commit in found.commits if commit.hash == context.query["commit"]), None)
    if commit is None:
        raise HTTPException(404, "This commit is not one of the latest commits of this file.")
    try:
        patch = git.patch_of(context.snapshot.project.root, commit)
    except git.GitError as error:
        patch = FilePatch(commit.path, str(error), "", "")
    return context.page(
        "commit_patch.html" if context.is_fragment else "commit.html",
        source=source,
        commit=commit,
        patch=patch_of(patch),
    )


def _history_of(context: RequestContext, source: SourceFile) -> _History:
    root = context.snapshot.project.root
    if not git.has_repository(root):
        return _History("The project is not in a git repository, or git is not on the PATH.")
    try:
        state = git.state_of(root, source.name)
    except git.GitError as error:
        return _History(str(error))
    try:
        commits = git.history_of(root, source.name, _MAX_COMMITS)
        patch = patch_of(git.uncommitted_patch_of(root, source.name)) if state == "modified" else Patch()
    except git.GitError:
        # A repository without commits has no history.
        return _History("", state=state)
    return _History("", commits, state, patch)


PAGES = (Page("/history/{source:path}", _history),)
