"""The list of all pipelines: what each runs, when, and whether its DAG file is current."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from starlette.responses import Response

from codegen.diagnostics import has_errors, in_numbers
from codegen.web.parts.humanize import on_the_wall, relative
from codegen.web.pipelines.columns import COLUMNS, choices_of
from codegen.web.pipelines.listing import Row, listing_of
from codegen.web.pipelines.query import ListQuery
from codegen.web.shell.request_context import Page, RequestContext


def _pipelines(context: RequestContext) -> Response:
    """The page, or the list alone where the search or an order changes it."""
    snapshot = context.snapshot
    query = ListQuery.of(context.query, snapshot.project.deployments)
    listing = snapshot.once(listing_of, query.environment, context.site.next_runs)
    choices = snapshot.reading.cache(query.environment, choices_of, listing.rows)
    excerpt = query.excerpt(listing.rows)
    response = context.page(
        "pipelines_list.html" if context.is_fragment else "pipelines.html",
        snapshot=snapshot,
        listing=listing,
        query=query,
        excerpt=excerpt,
        rows=[*_rows(context, query, excerpt.rows)],
        filters=query.filters_of(choices, snapshot.project.deployments),
        columns=COLUMNS,
        drift=Counter(change.diagnostic().code for change in snapshot.changes),
        errors=in_numbers(d for d in snapshot.diagnostics if d.is_error),
        has_errors=has_errors(snapshot.diagnostics),
    )
    if context.request.headers.get("hx-trigger") == "filters":
        # Each keystroke would be a step back for the browser's button.
        response.headers["HX-Replace-Url"] = query.address(page=query.page)
    return response


def _rows(context: RequestContext, query: ListQuery, rows: Sequence[Row]) -> Iterator[str]:
    """The HTML of some rows, each rendered again only where it shows something else."""
    snapshot, now = context.snapshot, datetime.now(timezone.utc)
    template, anywhere = context.site.templates.get_template("pipelines_row.html"), replace(query, page=1)
    for row in rows:
        run = row.next_run
        yield snapshot.reading.cache(
            (row.file, query.environment),
            template.render,
            row=row,
            columns=COLUMNS,
            query=anywhere,
            environments=len(snapshot.project.deployments),
            next_run=run,
            next_run_in=relative(run, now) if run else "",
            timezone=context.timezone,
            on_the_wall=on_the_wall,
            airflow=context.site.airflow,
        )


PAGES = (Page("/", _pipelines),)
