"""Asks for the name and e-mail address of the author of changes."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from codegen.git import Person
from codegen.web.shell.addresses import is_path
from codegen.web.shell.identity import set_person
from codegen.web.shell.request_context import Page, RequestContext


def _ask(context: RequestContext) -> Response:
    return _page(context, context.person or Person("", ""), context.query.get("next", ""))


def _remember(context: RequestContext) -> Response:
    form = context.form
    person, address = Person(form.get("name", "").strip(), form.get("email", "").strip()), form.get("next", "")
    if context.site.user_headers or person.problems:
        return _page(context, person, address, 422)
    answer = RedirectResponse(address if is_path(address) else "/", 303)
    set_person(context.request, answer, person)
    return answer


def _page(context: RequestContext, person: Person, address: str, status: int = 200) -> Response:
    problems = person.problems if status != 200 else {}  # noqa: PLR2004  # the form was not submitted yet
    return context.page("identity.html", status, person=person, problems=problems, address=address)


PAGES = (
    Page("/identity", _ask),
    Page("/identity", _remember, "POST"),
)
