"""The list of all pipelines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from starlette.responses import RedirectResponse, Response

from codegen.diagnostics import has_errors, in_numbers
from codegen.web.pipelines.columns import Column, choices_of, columns_of, hideable
from codegen.web.pipelines.first_steps import first_steps
from codegen.web.pipelines.listing import Row, listing_of
from codegen.web.pipelines.query import ListQuery
from codegen.web.shell.airflows import Airflows
from codegen.web.shell.humanize import local, relative
from codegen.web.shell.request_context import Page, RequestContext

# The cookie: the hidden columns of the last choice, separated by dots.
_COOKIE = "hidden_columns"
# Hidden by default with the Airflow or the proposals column, since all columns together do not fit on a laptop.
_HIDDEN = ("timezone", "runner")
_YEAR = 365 * 24 * 3600


def _pipelines(context: RequestContext) -> Response:
    """Render the page, or only the list after a search or a change of the order."""
    snapshot, asked = context.snapshot, context.request.query_params
    query = ListQuery.of(context.query, snapshot.project.deployments)
    proposals = _proposals(context)
    listing = listing_of(snapshot, query.deployment, context.site.next_runs, proposals)
    columns = columns_of(with_airflow=context.site.airflow is not None, with_proposals=bool(proposals))
    if "columns" in asked:
        return _choose(query, hideable(columns.keys() - {*asked.getlist("columns")}))
    hidden = _hidden(context)
    shown = {name: column for name, column in columns.items() if name not in hidden}
    choices = snapshot.reading.cache(query.deployment, choices_of, listing.rows)
    excerpt = query.excerpt(listing.rows)
    response = context.page(
        "pipelines_list.html" if context.is_fragment else "pipelines.html",
        snapshot=snapshot,
        listing=listing,
        query=query,
        excerpt=excerpt,
        rows=[*_rows(context, query, excerpt.rows, shown)],
        filters=query.filters_of(choices, snapshot.project.deployments),
        columns=shown,
        all_columns=columns,
        steps=() if snapshot.sources else first_steps(snapshot),
        drift=Counter(change.diagnostic().code for change in snapshot.changes),
        errors=in_numbers(d for d in snapshot.diagnostics if d.is_error),
        has_errors=has_errors(snapshot.diagnostics),
    )
    if context.request.headers.get("hx-trigger") == "filters":
        # Otherwise each keystroke would add an entry to the browser's history.
        response.headers["HX-Replace-Url"] = query.address(page=query.page)
    return response


def _proposals(context: RequestContext) -> Mapping[str, Sequence[str]]:
    """Return the titles of open proposals by the schedule file that they change, relative to the schedules folder."""
    if context.site.proposals:
        context.site.proposals.refresh()
    folder = f"{context.snapshot.project.relative(context.snapshot.project.schedules)}/"
    titles: dict[str, list[str]] = {}
    for proposal in context.open_proposals or ():
        for file in proposal.files:
            titles.setdefault(file.removeprefix(folder), []).append(proposal.title or proposal.name)
    return titles


def _hidden(context: RequestContext) -> Collection[str]:
    """Return the hidden columns: the user's last choice, or the default."""
    chosen = context.request.cookies.get(_COOKIE)
    if chosen is not None:
        return hideable(chosen.split("."))
    return _HIDDEN if context.site.airflow or context.proposes else ()


def _choose(query: ListQuery, hide: tuple[str, ...]) -> Response:
    """Store the hidden columns in the cookie, and redirect to the list."""
    response = RedirectResponse(query.address(), status_code=303)
    response.set_cookie(_COOKIE, ".".join(hide), max_age=_YEAR, httponly=True, samesite="strict")
    return response


def _rows(
    context: RequestContext, query: ListQuery, rows: Sequence[Row], columns: Mapping[str, Column]
) -> Iterator[str]:
    """Render rows as HTML, with unchanged rows from the cache."""
    snapshot, now = context.snapshot, datetime.now(timezone.utc)
    template, anywhere = context.site.templates.get_template("pipelines_row.html"), replace(query, page=1)
    for row in rows:
        run = row.next_run
        yield snapshot.reading.cache(
            (row.file, query.deployment),
            template.render,
            row=row,
            columns=columns,
            query=anywhere,
            environments=len(snapshot.project.deployments),
            next_run=run,
            next_run_in=relative(run, now) if run else "",
            timezone=context.timezone,
            local=local,
            anchor_of=Airflows.anchor_of,
        )


PAGES = (Page("/", _pipelines),)
