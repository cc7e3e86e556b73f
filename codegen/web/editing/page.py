"""The pages of the editor, which are rendered in the worker, where a slow draft can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.responses import Response

from codegen.diagnostics import Diagnostic
from codegen.web.editing.drafts import Draft, new_text, version_of
from codegen.web.editing.editor import editor_page, sent_draft
from codegen.web.shell.request_context import Page, RequestContext
from codegen.web.shell.safe_read import bytes_of
from codegen.web.shell.worker import StoppedError

T = TypeVar("T")

_HARMLESS = Draft("harmless.yml", "tasks: [{id: a, command: 'true'}]\ninterval: '@daily'\n")
_FIX = "No files written. Edit the file in your clone, and run `dagpress validate` there."
# Fields with a control of their own on the plain page.
_PLAIN = frozenset({"csrf", "file", "base", "text"})


def computed(context: RequestContext, draft: Draft, function: Callable[..., T], *arguments: Any) -> T | Response:  # noqa: ANN401
    """Call a function of the request in the worker; if it is stopped, return a page that keeps the draft."""
    try:
        return context.in_worker(_warm_up, function, *arguments)
    except StoppedError as error:
        return plain_page(context, draft, f"This text {error}. {_FIX}", 422)


def plain_page(
    context: RequestContext, draft: Draft, problem: str, status: int, diagnostics: Sequence[Diagnostic] = ()
) -> Response:
    """Show a draft and the other form fields as plain text, if the editor cannot."""
    kept = {name: value for name, value in context.form.items() if name not in _PLAIN}
    return context.page("plain.html", status, draft=draft, problem=problem, diagnostics=diagnostics, kept=kept)


def received(context: RequestContext) -> Draft:
    """The draft as the browser sent it."""
    return Draft(*(context.form.get(name, "") for name in ("file", "text", "base")))


def _warm_up(context: RequestContext) -> None:
    """Import and cache what every draft needs, by rendering one."""
    editor_page(context, _HARMLESS)


def _new(context: RequestContext) -> Response:
    return computed(context, Draft(), _new_page)


def _new_page(context: RequestContext) -> Response:
    return editor_page(context, Draft(text=new_text(context.snapshot)))


def _edit(context: RequestContext) -> Response:
    source = context.source
    data = bytes_of(context.snapshot.project.root, source.path)
    if data is None:
        raise HTTPException(409, "This file cannot be read, or lies outside the git work tree: fix it by hand.")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise HTTPException(409, "This file cannot be read as UTF-8: fix it by hand.") from None
    if "\x00" in text:
        raise HTTPException(409, "This is a binary file: fix it by hand.")
    draft = Draft(source.relative, text, version_of(text))
    return computed(context, draft, editor_page, draft)


def _preview(context: RequestContext) -> Response:
    return computed(context, received(context), _preview_page)


def _preview_page(context: RequestContext) -> Response:
    draft, problems = sent_draft(context)
    return editor_page(
        context, draft, template="edit_reply.html" if context.is_fragment else "edit.html", problems=problems
    )


PAGES = (
    Page("/new", _new, is_draft=True, needs_person=True),
    Page("/edit/{source:path}", _edit, is_draft=True, needs_person=True),
    Page("/preview", _preview, "POST", is_draft=True),
)
