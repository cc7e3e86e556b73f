"""The editor of one schedule file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.web.visit import Page

if TYPE_CHECKING:
    from starlette.responses import Response

    from codegen.web.visit import Visit


def version_of(text: str | None) -> str:
    """What tells one text of a file from another; empty where there is no file."""
    return "" if text is None else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Draft:
    """A schedule file as somebody would have it.

    Attributes:
        file: its path below the folder of schedules; empty for one that has no name yet.
        text: what the editor holds.
        base: the version of the file from which it was made, as `version_of` has it.
    """

    file: str = ""
    text: str = ""
    base: str = ""


def editor_page(
    visit: Visit,
    draft: Draft,
    problem: str = "",
    status: int = 200,
    template: str = "edit.html",
    **values: Any,  # noqa: ANN401  # what templates take
) -> Response:
    """The editor with a draft in it, and why that was not saved; a template that extends it says more, with values."""
    return visit.page(template, status, draft=draft, problem=problem, **values)


def _new(visit: Visit) -> Response:
    return editor_page(visit, Draft())


def _edit(visit: Visit) -> Response:
    file = visit.request.path_params["source"]
    found = visit.snapshot.sources.get(file)
    if found is None:
        return visit.page("refused.html", 404, message="There is no such schedule.")
    text = found.path.read_bytes().decode("utf-8", "replace")
    return editor_page(visit, Draft(file, text, version_of(text)))


PAGES = (Page("/new", _new), Page("/edit/{source:path}", _edit))
