"""Saves and deletes schedule files, without overwriting concurrent changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen.diagnostics import DagpressError, Diagnostic, has_errors, quoted
from codegen.files import exists, read_bytes
from codegen.pipeline import Revision, file_name, revise
from codegen.review.effects import effects_of
from codegen.sync.changes import Change
from codegen.sync.lock import LockedError
from codegen.web.editing.drafts import EVERYTHING, Draft, version_of, with_line_ends_of
from codegen.web.editing.editor import editor_page, sent_draft
from codegen.web.editing.page import computed, plain_page, received
from codegen.web.parts.destination import destination
from codegen.web.parts.patch import patch_between, patches_by_kind
from codegen.web.shell.recent import Saved
from codegen.web.shell.request_context import Page, RequestContext
from codegen.web.shell.safe_read import bytes_of
from codegen.web.shell.workspace import BrokenProjectError, Snapshot

_BOM = "\ufeff"
_REPLACED = "\ufffd"
_LINE_END = re.compile(r"\r\n|\r|\n")
_CHANGES_KEPT = "Your changes are kept below."


@dataclass(frozen=True)
class _Plan:
    """A change of a schedule file, with the path and the previous content of the file."""

    path: Path
    before: bytes | None
    saved: Saved


class _RefusedError(Exception):
    """A file was not saved; the message is the reason. With a `base`, the next save is based on that version."""

    def __init__(
        self,
        problem: str,
        status: int,
        template: str = "edit.html",
        base: str | None = None,
        **values: Any,  # noqa: ANN401  # template variables
    ) -> None:
        super().__init__(problem)
        self.status = status
        self.template = template
        self.base = base
        self.values = values


def _save(context: RequestContext) -> Response:
    draft = _with_line_feeds(received(context))
    try:
        with destination(context, context.form.get("new") or PurePosixPath(draft.file).stem) as inside:
            return _write(inside, draft)
    except BrokenProjectError as error:
        message = f"Not saved: the configuration cannot be read. Fix it, and save again. {_CHANGES_KEPT}"
        return plain_page(context, draft, message, 500, error.diagnostics)
    except (LockedError, DagpressError) as error:
        return computed(context, draft, _refused, f"Not saved: {error}. {_CHANGES_KEPT}", 503)


def _write(context: RequestContext, draft: Draft) -> Response:
    with context.workspace.transaction() as transaction:
        plan = computed(context, draft, _planned)
        # Plan again if a text editor, which does not take the lock, has changed the file in the meantime.
        if isinstance(plan, _Plan) and _bytes_at(plan.path) != plan.before:
            plan = computed(context, draft, _planned)
        if isinstance(plan, Response):
            return plan
        done, problems = transaction.apply(plan.saved.changes)
    if problems:
        return computed(context, draft, _refused, f"{_what_was_written(done, problems)} {_CHANGES_KEPT}", 500)
    return _result(context, plan.saved)


def _planned(context: RequestContext) -> _Plan | Response:
    """Return the plan for saving the draft of a request, or the editor page if the draft is rejected."""
    draft = _saved_once(sent_draft(context))
    try:
        return _plan_of(context.snapshot, draft)
    except _RefusedError as error:
        kept = draft if error.base is None else replace(draft, base=error.base)
        return editor_page(context, kept, str(error), error.status, error.template, **error.values)


def _refused(context: RequestContext, message: str, status: int) -> Response:
    """Return the editor page with the unsaved draft of a request."""
    return editor_page(context, _saved_once(sent_draft(context)), message, status)


def _saved_once(draft: Draft) -> Draft:
    """Mark a draft as saved once, so that all its errors are shown."""
    return _with_line_feeds(replace(draft, touched=frozenset({EVERYTHING})))


def _with_line_feeds(draft: Draft) -> Draft:
    r"""Normalize the line ends of a draft, since browsers send `\r\n`."""
    return replace(draft, text=_LINE_END.sub("\n", draft.text))


def _plan_of(snapshot: Snapshot, draft: Draft) -> _Plan:
    project = snapshot.project
    if draft.problems:
        raise _RefusedError(f"Not saved: fix the invalid fields first. {_CHANGES_KEPT}", 422)
    if problem := file_name.problem_of(project, draft.file):
        raise _RefusedError(f"Not saved. {problem}", 422)
    path = project.schedules / draft.file
    data, text = _both_texts(path, draft)
    revision = revise(project, snapshot.reading, {project.relative(path): text})
    if revision.errors:
        message = f"Not saved: fix the errors first. {_CHANGES_KEPT}"
        raise _RefusedError(message, 422, "not_saved.html", diagnostics=revision.errors)
    return _Plan(path, data, _saved(snapshot, draft.file, revision, "Add" if data is None else "Change"))


def _both_texts(path: Path, draft: Draft) -> tuple[bytes | None, str]:
    """Return the current content of the file (None if it is missing) and the new text.

    Raises:
        _RefusedError: the file cannot be read, or has changed since the draft was loaded.
    """
    try:
        data = read_bytes(path) if exists(path) else None
    except OSError as error:
        raise _RefusedError(f"Not saved. The file cannot be read: {error.strerror}.", 500) from error
    on_disk = _decoded(data)
    text = _formatted_like(on_disk, draft.text)
    if version_of(on_disk) != draft.base and on_disk != text:
        raise _conflict(draft, on_disk)
    if on_disk is not None and on_disk.encode() != data and _REPLACED in text:
        hint = f"replace each {_REPLACED}, which marks an invalid byte"
        raise _RefusedError(f"Not saved. The file contains bytes that are not UTF-8: {hint}.", 422)
    return data, text


def _bytes_at(path: Path) -> bytes | None:
    """Return the current content of a file; None if it is missing or unreadable."""
    with suppress(OSError):
        return read_bytes(path)
    return None


def _decoded(data: bytes | None) -> str | None:
    """Decode the content of a file like the editor does."""
    return None if data is None else data.decode("utf-8", "replace")


def _formatted_like(on_disk: str | None, text: str) -> str:
    """Give a text the byte order mark and the line ends of the file on disk."""
    if on_disk is None:
        return text
    mark = _BOM if on_disk.startswith(_BOM) else ""
    return mark + with_line_ends_of(on_disk.removeprefix(_BOM), text.removeprefix(_BOM))


def _conflict(draft: Draft, on_disk: str | None) -> _RefusedError:
    """Create the error that shows both versions. Its base is the file on disk, so saving again overwrites the file."""
    before = None if on_disk is None else _LINE_END.sub("\n", on_disk)
    patch = patch_between(draft.file, before or "", draft.text)
    base, is_new = version_of(on_disk), not draft.base
    return _RefusedError("Not saved.", 409, "conflict.html", base, on_disk=before, is_new=is_new, patch=patch)


def _what_was_written(done: Sequence[Change], problems: Sequence[Diagnostic]) -> str:
    causes = " ".join(f"{quoted(problem.location.path)}: {problem.message}." for problem in problems)
    names = ", ".join(quoted(change.name) for change in done)
    rest = f"Files written before the error: {names}." if done else "No files written."
    return f"{causes} {rest} Fix the problem, and save again."


def _saved(snapshot: Snapshot, file: str, revision: Revision, what: str) -> Saved:
    project = snapshot.project
    name = project.relative(project.schedules / file)
    found = [*revision.diagnostics, *revision.elsewhere]
    schedule = next(
        (each.name for each in revision.reading.schedules if each.source == name), (project.root / name).stem
    )
    done = {"Add": "Added", "Change": "Changed", "Delete": "Deleted"}[what]
    return Saved(
        source=file,
        title=f"{done} {file}" if revision.changes else f"{file} is already up to date",
        message=f"{what} pipeline {schedule}",
        changes=revision.changes,
        effects=effects_of(project, snapshot.reading, revision.reading, [name]),
        files=dict.fromkeys(revision.files),
        diagnostics=[d for d in found if d.is_error or d.location.path in revision.files],
        waits=has_errors(revision.diagnostics),
    )


def _result(context: RequestContext, saved: Saved) -> Response:
    """Redirect to the page of the result, so that a reload does not save again."""
    if context.proposal:
        address = f"/proposals/{context.proposal}" if saved.changes else f"/pipelines/{quote(saved.source)}"
        return RedirectResponse(address, 303)
    root = context.workspace.root
    saved.files = {name: bytes_of(root, root / name) for name in saved.files}
    return RedirectResponse(f"/saved/{context.site.saved.put(saved).key}", 303)


def _ask(context: RequestContext) -> Response:
    return _deletion_page(context, context.request.path_params["source"], "", 200)


def _delete(context: RequestContext) -> Response:
    file = context.request.path_params["source"]
    try:
        with destination(context, f"delete-{PurePosixPath(file).stem}") as inside:
            return _remove(inside, file)
    except DagpressError as error:
        return _deletion_page(context, file, f"Nothing was deleted: {error}.", 503)


def _remove(context: RequestContext, file: str) -> Response:
    with context.workspace.transaction() as transaction:
        snapshot = context.snapshot
        project, path = snapshot.project, snapshot.project.schedules / file
        if file not in snapshot.sources or file_name.problem_of(project, file):
            return _deletion_page(context, file, "", 422)
        data = bytes_of(project.root, path)
        if version_of(_decoded(data)) != context.form.get("base"):
            message = "Nothing was deleted: the file has changed since this page was loaded. Review the changes again."
            return _deletion_page(context, file, message, 409)
        revision = revise(project, snapshot.reading, {snapshot.project.relative(path): None})
        if revision.errors:
            return _deletion_page(context, file, "Nothing was deleted.", 422)
        done, problems = transaction.apply(revision.changes)
        if problems:
            return _deletion_page(context, file, _what_was_written(done, problems), 500)
        return _result(context, _saved(snapshot, file, revision, "Delete"))


def _deletion_page(context: RequestContext, file: str, problem: str, status: int) -> Response:
    """Show the effects of deleting a schedule file, with a confirmation if the deletion is possible."""
    snapshot = context.workspace.snapshot()
    found = snapshot.sources.get(file)
    if found is None:
        raise HTTPException(404, "This pipeline does not exist.")
    if elsewhere := file_name.problem_of(snapshot.project, file):
        # The page does not show its text either.
        raise HTTPException(422, f"This file cannot be deleted here. {elsewhere}")
    revision = revise(snapshot.project, snapshot.reading, {found.name: None})
    base = version_of(_decoded(bytes_of(snapshot.project.root, found.path)))
    effects = effects_of(snapshot.project, snapshot.reading, revision.reading, [found.name])
    return context.page(
        "delete.html", status, file=file, address=quote(file), base=base, revision=revision, problem=problem,
        effects=effects, **patches_by_kind(snapshot.project, revision.changes),
        waits=[each for each in revision.diagnostics if each.is_error],
        dependents=_pipelines_with(revision.errors, snapshot),
    )  # fmt: skip


def _pipelines_with(errors: Iterable[Diagnostic], snapshot: Snapshot) -> dict[str, str]:
    """Return the files of the pipelines with errors, by name."""
    files = {each.location.path for each in errors}
    return {each.name: each.relative for each in snapshot.reading.schedules if each.source in files}


PAGES = (
    Page("/save", _save, "POST"),
    Page("/delete/{source:path}", _ask, needs_person=True),
    Page("/delete/{source:path}", _delete, "POST"),
)
