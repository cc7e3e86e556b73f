"""Shows saved changes, and commits them on a branch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen import git, pipeline
from codegen.cache import Cache
from codegen.git import GitError, Head
from codegen.pipeline.scope import dag_files
from codegen.project import Project
from codegen.proposals import PREFIX, free_name, name_of
from codegen.proposals.files import in_git, is_schedule_file, pipeline_folders, uncommitted_files
from codegen.review.effects import Effect, effects_of
from codegen.sync.changes import Change
from codegen.sync.lock import LockedError
from codegen.sync.parts import Action
from codegen.web.parts.patch import patches_by_kind
from codegen.web.parts.progress import start
from codegen.web.shell.operations import Operation
from codegen.web.shell.recent import Saved
from codegen.web.shell.request_context import Page, RequestContext
from codegen.web.shell.safe_read import bytes_of
from codegen.web.shell.workspace import Snapshot, Workspace

_NO_REPOSITORY = "not a git repository"


@dataclass(frozen=True)
class _Offer:
    """The proposed commit, or the problem that prevents one.

    Attributes:
        branch: the suggested branch.
        taken: the files in the commit.
        others: the other uncommitted schedule and DAG files.
        halves: the schedule files among `others` with a DAG file in the commit.
    """

    head: Head = Head("", "")  # noqa: RUF009  # it is frozen
    branches: Sequence[str] = ()
    branch: str = ""
    taken: Sequence[str] = ()
    others: Sequence[str] = ()
    halves: Sequence[str] = ()
    problem: str = ""


@dataclass(frozen=True)
class _Refusal:
    """A rejected commit with the form fields; `is_old` if the files have changed since they were saved."""

    problem: str
    branch: str
    message: str
    status: int = 422
    is_old: bool = False


def _saved(context: RequestContext) -> Response:
    return _page(context, _saved_of(context))


def _uncommitted(context: RequestContext) -> Response:
    """Show all uncommitted schedule and DAG files as one change."""
    project = context.snapshot.project
    try:
        names = sorted(uncommitted_files(project.root, pipeline_folders(project)))
    except GitError:
        # `_offer` reports the error.
        names = []
    texts = {name: bytes_of(project.root, project.root / name) for name in names}
    changes = [change for name, data in texts.items() if (change := _since_commit(project, name, data))]
    effects = _effects_since_commit(context.snapshot, changes)
    saved = Saved("", "Uncommitted changes", "Change pipelines", changes, effects, texts)
    return _page(context, context.site.saved.put(saved))


def _since_commit(project: Project, name: str, data: bytes | None) -> Change | None:
    after = None if data is None else data.decode("utf-8", "replace")
    return Change.between(name, git.committed_text(project.root, name), after)


def _effects_since_commit(snapshot: Snapshot, changes: Iterable[Change]) -> list[Effect]:
    before = {
        change.name: None if change.action is Action.CREATE else change.before
        for change in changes
        if is_schedule_file(snapshot.project, change.name)
    }
    if not before:
        return []
    reading = pipeline.read(snapshot.project, before, cache=Cache(snapshot.reading.cache))
    return effects_of(snapshot.project, reading, snapshot.reading, before)


def _saved_of(context: RequestContext) -> Saved:
    if saved := context.site.saved.get(context.request.path_params.get("key") or context.form.get("saved", "")):
        return saved
    raise HTTPException(404, "This page has expired. Your change is saved.")


def _commit(context: RequestContext) -> Response:
    saved, workspace = _saved_of(context), context.workspace
    branch, message = context.form.get("branch", "").strip(), context.form.get("message", "").replace("\r\n", "\n")
    work = partial(_commit_saved, workspace, saved, branch, message)
    try:
        return start(context, workspace.operations, branch, work, partial(_committed, saved))
    except LockedError as error:
        return _page(context, saved, _Refusal(f"Try again later: {error}.", branch, message, 503))


def _commit_saved(
    workspace: Workspace, saved: Saved, branch: str, message: str, operation: Operation
) -> Head | _Refusal:
    """Commit the saved files under the project lock, which prevents other writes while hooks run."""
    with workspace.transaction(operation) as transaction:
        project = workspace.snapshot().project
        changed = [name for name, data in saved.files.items() if bytes_of(project.root, project.root / name) != data]
        if changed:
            problem = f"Changed since they were saved: {', '.join(sorted(changed))}."
            return _Refusal(problem, branch, message, 409, is_old=True)
        transaction.admit_hooks()
        try:
            return git.commit(project.root, in_git(project.root, saved.files), message, branch, watch=operation.watch)
        except GitError as error:
            is_cut = operation.line and operation.is_cancelled()
            said = f"\nIts last line of output was: {operation.line}" if is_cut else ""
            return _Refusal(f"{error}{said}", branch, message)


def _committed(saved: Saved, context: RequestContext, operation: Operation) -> Response:
    result = operation.result.result()
    if isinstance(result, _Refusal):
        return _page(context, saved, result)
    return RedirectResponse(f"/commits/{result.commit}", 303)


def _page(context: RequestContext, saved: Saved, refusal: _Refusal | None = None) -> Response:
    snapshot = context.workspace.snapshot()
    offer = _offer(snapshot.project, saved)
    return context.page(
        "saved.html",
        refusal.status if refusal else 200,
        saved=saved,
        address=quote(saved.source),
        is_gone=saved.source not in snapshot.sources,
        **patches_by_kind(snapshot.project, saved.changes),
        offer=offer,
        refusal=refusal,
        branch=refusal.branch if refusal else offer.branch,
        message=refusal.message if refusal else saved.message,
    )


def _offer(project: Project, saved: Saved) -> _Offer:
    try:
        head = git.head_of(project.root)
        branches = git.branches_of(project.root)
        taken = sorted(git.uncommitted(project.root, in_git(project.root, saved.files)))
        everything = uncommitted_files(project.root, pipeline_folders(project))
    except GitError as error:
        is_none = _NO_REPOSITORY in str(error)
        return _Offer(problem="The project is not in a git repository." if is_none else f"git failed: {error}")
    is_ours = head.branch.startswith(PREFIX)
    branch = head.branch if is_ours else PREFIX + free_name(Path(saved.source).stem, {*map(name_of, branches)})
    others = sorted(everything - set(taken))
    halves = [name for name in others if not set(taken).isdisjoint(_dag_files(project, name))]
    return _Offer(head, branches, branch, taken, others, halves)


def _dag_files(project: Project, name: str) -> list[str]:
    """Return the DAG files of a schedule file, which may be deleted; empty for any other file."""
    if not is_schedule_file(project, name):
        return []
    return dag_files(project, (project.root / name).relative_to(project.schedules).as_posix())


PAGES = (
    Page("/saved/{key}", _saved, changes_checkout=True),
    Page("/commit", _uncommitted, changes_checkout=True),
    Page("/commit", _commit, "POST", changes_checkout=True),
)
