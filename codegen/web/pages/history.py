"""The history of a schedule file in git: its last commits, what each did to it, and what is not committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from codegen import git
from codegen.web.patch import Patch, patch_of
from codegen.web.visit import Page
from codegen.web.words import absolute, relative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from codegen.git import Commit
    from codegen.loader.discovery import SourceFile
    from codegen.web.visit import Visit

_MOST = 20


@dataclass(frozen=True)
class _History:
    """What git knows of a file.

    Attributes:
        problem: why it knows nothing; empty where it does.
        state: what is not committed, in words; empty where all is.
        patch: what is not committed.
    """

    problem: str
    commits: Sequence[Commit] = ()
    state: str = ""
    patch: Patch = Patch()  # noqa: RUF009  # it is frozen


def _history(visit: Visit) -> Response:
    source = visit.snapshot.sources.get(visit.request.path_params["source"])
    if source is None:
        return visit.page("refused.html", 404, message="There is no such schedule.")
    found = _history_of(visit, source)
    if "commit" in visit.query:
        return _commit(visit, source, found)
    now = datetime.now(timezone.utc)
    return visit.page(
        "history_list.html" if visit.is_fragment else "history.html",
        source=source,
        history=found,
        most=_MOST,
        relative=lambda moment: relative(moment, now),
        absolute=lambda moment: absolute(moment, visit.timezone),
    )


def _commit(visit: Visit, source: SourceFile, found: _History) -> Response:
    """What one commit did to the file: one of the file's own, no other that somebody may name."""
    commit = next((commit for commit in found.commits if commit.hash == visit.query["commit"]), None)
    if commit is None:
        return visit.page("refused.html", 404, message="That commit is not among the last of this schedule.")
    try:
        text = git.patch_of(visit.snapshot.project.root, commit)
    except git.GitError as error:
        text = str(error)
    return visit.page(
        "commit_patch.html" if visit.is_fragment else "commit.html",
        source=source,
        commit=commit,
        when=absolute(commit.date, visit.timezone),
        patch=patch_of(text),
    )


def _history_of(visit: Visit, source: SourceFile) -> _History:
    root = visit.snapshot.project.root
    if not git.has_repository(root):
        return _History("The project is in no git repository, or there is no git on the PATH.")
    try:
        state = git.state_of(root, source.name)
    except git.GitError as error:
        return _History(str(error))
    try:
        commits = git.history_of(root, source.name, _MOST)
        text = git.uncommitted_patch_of(root, source.name) if state == "modified" else ""
    except git.GitError:
        # Before the first commit there is no history to ask for.
        return _History("", state=state)
    return _History("", commits, state, patch_of(text))


PAGES = (Page("/history/{source:path}", _history),)
