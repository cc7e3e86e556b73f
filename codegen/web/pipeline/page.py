"""The page of one pipeline: tasks, next runs, YAML, DAG file and the origin of each value."""

from __future__ import annotations

from datetime import datetime, timezone

from starlette.exceptions import HTTPException
from starlette.responses import Response

from codegen.schema.describe import describe_work
from codegen.web.parts.next_runs import next_runs_of
from codegen.web.pipeline.dag_file import dag_file_of
from codegen.web.pipeline.source_text import source_lines
from codegen.web.pipeline.tasks import tasks_of
from codegen.web.pipeline.values import values_of
from codegen.web.pipeline.view import View, deployments_of
from codegen.web.shell.humanize import start_of
from codegen.web.shell.request_context import Page, RequestContext

_RUNS = 10


def _pipeline(context: RequestContext) -> Response:
    snapshot, source = context.snapshot, context.source
    # A file that cannot be read may belong to any environment.
    environments = deployments_of(snapshot, source) or list(snapshot.project.deployments)
    deployment = context.query.get("environment") or next(iter(environments), "")
    if deployment and deployment not in environments:
        raise HTTPException(404, "This pipeline does not run in that environment.")
    view, now = View(snapshot, source, deployment), datetime.now(timezone.utc)
    timetable = view.schedule.timetable(snapshot.project.airflow) if view.schedule and view.is_valid else None
    return context.page(
        "pipeline.html",
        view=view,
        schedule=view.schedule,
        environments=environments,
        what=describe_work(view.schedule) if view.schedule else "",
        start=start_of(view.schedule) if view.schedule and view.is_valid else "",
        tasks=tasks_of(view),
        runs=next_runs_of(timetable, _RUNS, now, context.timezone) if timetable else None,
        backlog=timetable.backlog(now) if timetable and view.schedule and view.schedule.catchup else None,
        lines=source_lines(view),
        dag=dag_file_of(view),
        values=values_of(view),
    )


PAGES = (Page("/pipelines/{source:path}", _pipeline),)
