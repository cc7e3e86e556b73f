"""The list of all pipelines: what each runs, when, and whether its DAG file is current."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from starlette.background import BackgroundTask

from codegen.diagnostics import has_errors, in_numbers
from codegen.web.parts.humanize import on_the_wall, relative
from codegen.web.parts.next_runs import next_run
from codegen.web.pipelines.listing import listing_of
from codegen.web.pipelines.query import COLUMNS, ListQuery, filters_of
from codegen.web.shell.request_context import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from codegen.web.pipelines.listing import Row
    from codegen.web.shell.request_context import RequestContext


def _pipelines(context: RequestContext) -> Response:
    """The page, or the list alone where the search or an order changes it."""
    snapshot, selection = context.snapshot, ListQuery.of(context.query)
    listing = listing_of(snapshot, selection.environment)
    now = datetime.now(timezone.utc)
    run_of = partial(_run_of, airflow=snapshot.project.airflow, now=now)
    response = context.page(
        "pipelines_list.html" if context.is_fragment else "pipelines.html",
        snapshot=snapshot,
        listing=listing,
        selection=selection,
        excerpt=selection.excerpt(listing.rows, run_of),
        filters=filters_of(listing.rows, snapshot.project.deployments, selection),
        columns=COLUMNS,
        drift=Counter(change.diagnostic().code for change in snapshot.changes),
        errors=in_numbers(d for d in snapshot.diagnostics if d.is_error),
        has_errors=has_errors(snapshot.diagnostics),
        run_of=run_of,
        relative=partial(relative, now=now),
        on_the_wall=partial(on_the_wall, zone=context.timezone),
    )
    if not context.is_fragment:
        # Whoever then puts them in the order of their next runs need not wait until all of them are found.
        response.background = BackgroundTask(_find_all, listing.rows, run_of)
    if context.request.headers.get("hx-trigger") == "filters":
        # Each keystroke would be a step back for the browser's button.
        response.headers["HX-Replace-Url"] = selection.address(page=selection.page)
    return response


def _run_of(row: Row, airflow: str, now: datetime) -> datetime | None:
    """The next run of a row; what has errors has none that one could tell."""
    return next_run(row.schedule, airflow, now) if row.schedule and not row.has_errors else None


def _find_all(rows: Sequence[Row], run_of: Callable[[Row], datetime | None]) -> None:
    for row in rows:
        run_of(row)


PAGES = (Page("/", _pipelines),)
