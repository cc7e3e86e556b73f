"""The list of all pipelines: what each runs, when, and whether its DAG file is current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.start import start_in_words
from codegen.web.visit import Page

if TYPE_CHECKING:
    from starlette.responses import Response

    from codegen.web.visit import Visit


def _pipelines(visit: Visit) -> Response:
    schedules = visit.snapshot.reading.schedules
    return visit.page("pipelines.html", schedules=schedules, start_in_words=start_in_words)


PAGES = (Page("/", _pipelines),)
