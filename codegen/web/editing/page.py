"""The pages of the editor. The worker renders them, so that slow drafts can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.responses import Response

from codegen.diagnostics import Diagnostic
from codegen.source.edit import EditError, remove
from codegen.web.editing.drafts import Draft, file_of, new_text, version_of
from codegen.web.editing.editor import editor_page, sent_draft
from codegen.web.editing.names import proposed_name, unique_name
from codegen.web.editing.reading import read_own
from codegen.web.shell.request_context import Page, RequestContext
from codegen.web.shell.safe_read import bytes_of, text_of
from codegen.web.shell.worker import StoppedError
from codegen.web.shell.workspace import Snapshot

T = TypeVar("T")

_TRIVIAL = Draft("trivial.yml", "tasks: [{id: a, command: 'true'}]\ninterval: '@daily'\n")
_FIX = "Not saved. Edit the file in your clone, and run `dagpress validate` there."
# The keys whose values must be unique in a project.
_UNIQUE = ("name", "dag_id", "state_id")
# Form fields with their own control on the plain page.
_PLAIN = frozenset({"csrf", "file", "base", "text"})


def computed(context: RequestContext, draft: Draft, function: Callable[..., T], *arguments: Any) -> T | Response:  # noqa: ANN401
    """Call a function with the request in the worker. If it is stopped, return a page that keeps the draft."""
    try:
        return context.in_worker(_warm_up, function, *arguments)
    except StoppedError as error:
        return plain_page(context, draft, f"This text {error}. {_FIX}", 422)


def plain_page(
    context: RequestContext, draft: Draft, problem: str, status: int, diagnostics: Sequence[Diagnostic] = ()
) -> Response:
    """Render a draft and the other form fields as plain text, for drafts that the editor cannot show."""
    kept = {name: value for name, value in context.form.items() if name not in _PLAIN}
    return context.page("plain.html", status, draft=draft, problem=problem, diagnostics=diagnostics, kept=kept)


def received(context: RequestContext) -> Draft:
    """Return the submitted draft, without the changes of the form fields."""
    file, text, base = (context.form.get(name, "") for name in ("file", "text", "base"))
    return Draft(file, text, base)


def _warm_up(context: RequestContext) -> None:
    """Render a trivial draft, to import modules and fill caches."""
    editor_page(context, _TRIVIAL)


def _new(context: RequestContext) -> Response:
    return computed(context, Draft(), _new_page)


def _new_page(context: RequestContext) -> Response:
    snapshot = context.snapshot
    if "copy" in context.query:
        return editor_page(context, _copy_of(context.query["copy"], snapshot))
    text = new_text(snapshot)
    name = proposed_name(read_own(text, "")[0], text, snapshot.sources)
    return editor_page(context, Draft(file_of(name, "", snapshot), text, name=name, proposed=name))


def _copy_of(file: str, snapshot: Snapshot) -> Draft:
    """Create a draft with the text of another schedule. Its name counts as typed by the user."""
    source = snapshot.sources.get(file)
    text = text_of(snapshot.project.root, source.path) if source else None
    if text is None:
        raise HTTPException(404, "This pipeline does not exist.")
    for key in _UNIQUE:
        with suppress(EditError):
            text = remove(text, (key,))
    name = unique_name(f"{PurePosixPath(file).stem}-copy", snapshot.sources)
    folder = PurePosixPath(file).parent.as_posix()
    copy = file_of(name, "" if folder == "." else folder, snapshot)
    return Draft(copy, text, name=name)


def _edit(context: RequestContext) -> Response:
    source = context.source
    data = bytes_of(context.snapshot.project.root, source.path)
    if data is None:
        raise HTTPException(409, "This file cannot be read, or is outside the git work tree. Fix it outside this page.")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise HTTPException(409, "This file is not valid UTF-8. Fix it outside this page.") from None
    if "\x00" in text:
        raise HTTPException(409, "This is a binary file. Fix it outside this page.")
    draft = Draft(source.relative, text, version_of(text))
    return computed(context, draft, editor_page, draft)


def _preview(context: RequestContext) -> Response:
    return computed(context, received(context), _preview_page)


def _preview_page(context: RequestContext) -> Response:
    return editor_page(context, sent_draft(context), template="edit_reply.html" if context.is_fragment else "edit.html")


PAGES = (
    Page("/new", _new, is_draft=True, needs_person=True),
    Page("/edit/{source:path}", _edit, is_draft=True, needs_person=True),
    Page("/preview", _preview, "POST", is_draft=True),
)
