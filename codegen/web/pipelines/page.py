"""The list of all pipelines: what each runs, when, and whether its DAG file is current."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial

from starlette.background import BackgroundTask
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
    listing = snapshot.reading.cache(query.environment, listing_of, snapshot, query.environment, context.site.next_runs)
    choices = snapshot.reading.cache(query.environment, choices_of, listing.rows)
    response = context.page(
        "pipelines_list.html" if context.is_fragment else "pipelines.html",
        snapshot=snapshot,
        listing=listing,
        query=query,
        excerpt=query.excerpt(listing.rows),
        filters=query.filters_of(choices, snapshot.project.deployments),
        columns=COLUMNS.values(),
        drift=Counter(change.diagnostic().code for change in snapshot.changes),
        errors=in_numbers(d for d in snapshot.diagnostics if d.is_error),
        has_errors=has_errors(snapshot.diagnostics),
        relative=partial(relative, now=datetime.now(timezone.utc)),
        on_the_wall=partial(on_the_wall, zone=context.timezone),
    )
    if not context.is_fragment:
        # Sorting by the next run then does not have to wait until all of them are found.
        response.background = BackgroundTask(_find_next_runs, listing.rows)
    if context.request.headers.get("hx-trigger") == "filters":
        # Each keystroke would be a step back for the browser's button.
        response.headers["HX-Replace-Url"] = query.address(page=query.page)
    return response


def _find_next_runs(rows: Sequence[Row]) -> None:
    for row in rows:
        row.next_run  # noqa: B018  # it is kept by `NextRunsCache`


PAGES = (Page("/", _pipelines),)
