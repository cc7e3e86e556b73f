"""What Airflow has of a schedule: beside it, as cells of the list, and on a page of its own; pauses it and runs it.

Airflow may be slow, so the other pages ask for these parts after they are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from codegen.airflow.http_client import AirflowRestError
from codegen.airflow.rest import Session
from codegen.schema import Schedule
from codegen.web.airflow.deployed import state_of, states_of
from codegen.web.shell.addresses import address_of
from codegen.web.shell.airflows import Airflows
from codegen.web.shell.request_context import Page, RequestContext

# The dialog of the list, whose actions are answered with the cell of the schedule as it is then.
_DIALOG = "airflow-dialog"
# For how long somebody may think about a run: it gets the moment of the question as its date.
_PATIENCE = timedelta(hours=1)
# The rows that one request may ask for; the list has fewer on a page.
_MOST_CELLS = 200
# Seconds.
_EXACT = 10
_MINUTE = 60
_HOUR = 60 * _MINUTE


def _show(context: RequestContext) -> Response:
    return _state(context, _schedule(context, context.query))


def _ask_to_run(context: RequestContext) -> Response:
    return _state(context, _schedule(context, context.query), asks=True)


def _cells(context: RequestContext) -> Response:
    """The cells of the rows that ask for them with the keys of their schedules."""
    airflows = _airflows(context)
    asked = set(context.request.query_params.getlist("schedule")[:_MOST_CELLS])
    schedules = [one for one in context.snapshot.reading.schedules if one.key in asked]
    rows = states_of(airflows, context.snapshot, schedules)
    return context.page("airflow_cells.html", rows=rows, **_WORDS)


def _set_paused(context: RequestContext, *, paused: bool) -> Response:
    said = "is paused." if paused else "is unpaused."
    return _act(context, said, lambda session, dag_id: session.set_paused(dag_id, paused=paused))


def _run(context: RequestContext) -> Response:
    moment = _moment(context.form.get("moment", ""))
    schedule = _schedule(context, context.form)
    if moment is None or _without_default(schedule):
        return _state(context, schedule, asks=True, said="was not started.")

    def run(session: Session, dag_id: str) -> None:
        if context.form.get("unpause"):
            session.set_paused(dag_id, paused=False)
        session.trigger(dag_id, moment)

    return _act(context, "was started.", run)


def _act(context: RequestContext, said: str, act: Callable[[Session, str], None]) -> Response:
    schedule = _schedule(context, context.form)
    refused = None
    try:
        _airflows(context).ask(schedule, lambda session: act(session, schedule.dag_id_or_default))
    except AirflowRestError as error:
        refused = error
    if refused or context.is_fragment:
        return _state(context, schedule, said="" if refused else said, refused=refused)
    # So that loading the page again does nothing again.
    return RedirectResponse(_address(schedule), status_code=303)


def _state(
    context: RequestContext,
    schedule: Schedule,
    *,
    asks: bool = False,
    said: str = "",
    refused: AirflowRestError | None = None,
) -> Response:
    """The state of a schedule in Airflow, as a page or a part of one.

    Args:
        context: the request.
        schedule: the schedule.
        asks: whether to ask for a confirmation of a run.
        said: what was done to it, for screen readers.
        refused: why Airflow did not do it.
    """
    state = state_of(_airflows(context), context.snapshot, schedule)
    run = state.facts.run
    before = context.query.get("was", "")
    if run and before and before != run.state:
        said = f"has ended: {run.state}." if not run.is_unfinished else f"is {run.state}."
    waits = " It waits until the DAG is unpaused." if said and state.waits else ""
    return context.page(
        _template(context),
        schedule=schedule,
        state=state,
        was=before if run is None else run.state,
        asks=asks,
        said=f"{schedule.name} {said}{waits}" if said else "",
        refused=refused,
        without_default=_without_default(schedule),
        sharing=sum(one.dag_file == schedule.dag_file for one in context.snapshot.reading.schedules) - 1,
        now=datetime.now(timezone.utc).isoformat(),
        **_WORDS,
    )


def _template(context: RequestContext) -> str:
    """The template that a request needs: the response to an action in the list, the panel of a page, or a page."""
    if context.is_fragment:
        return "airflow_answer.html" if context.request.headers.get("hx-target") == _DIALOG else "airflow_state.html"
    return "airflow.html"


def _airflows(context: RequestContext) -> Airflows:
    if context.site.airflow is None:
        raise HTTPException(404, "There is no Airflow: set DAGPRESS_AIRFLOW_URL.")
    return context.site.airflow


def _schedule(context: RequestContext, fields: Mapping[str, str]) -> Schedule:
    """The schedule of the address in the deployment environment of these fields, else in the first that has it.

    Raises:
        HTTPException: there is none, or no Airflow.
    """
    _airflows(context)
    source, wanted = context.request.path_params["source"], fields.get("environment", "")
    those = (one for one in context.snapshot.reading.schedules if one.relative == source)
    found = next((one for one in those if wanted in {"", one.deployment}), None)
    if found is None:
        raise HTTPException(404, "This pipeline does not exist.")
    return found


def _address(schedule: Schedule, action: str = "", **query: str) -> str:
    """The page of a schedule here, or what does something to it."""
    return address_of("airflow", schedule.relative, schedule.deployment, action, **query)


def _without_default(schedule: Schedule) -> list[str]:
    """The parameters that a run must be given."""
    return [name for name, param in (schedule.params or {}).items() if not param.has_default]


def _moment(text: str) -> datetime | None:
    """The moment at which somebody was asked, unless that is long ago."""
    try:
        moment = datetime.fromisoformat(text)
        age = datetime.now(timezone.utc) - moment
    except (TypeError, ValueError):
        return None
    return moment if timedelta() <= age <= _PATIENCE else None


def _duration_in_words(duration: timedelta) -> str:
    """A duration as two of its units, which no line breaks."""
    seconds = max(0.0, duration.total_seconds())
    if seconds < _EXACT:
        return f"{seconds:.1f}\xa0s"
    hours, rest = divmod(round(seconds), _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    if hours:
        return f"{hours}\xa0h\xa0{minutes}\xa0min"
    return f"{minutes}\xa0min\xa0{rest}\xa0s" if minutes else f"{rest}\xa0s"


# What the templates use.
_WORDS: Mapping[str, Any] = {
    "address": _address,
    "anchor_of": Airflows.anchor_of,
    "duration_in_words": _duration_in_words,
}
PAGES = (
    Page("/airflow", _cells),
    Page("/airflow/{source:path}/run", _ask_to_run),
    Page("/airflow/{source:path}/run", _run, "POST"),
    Page("/airflow/{source:path}/pause", partial(_set_paused, paused=True), "POST"),
    Page("/airflow/{source:path}/unpause", partial(_set_paused, paused=False), "POST"),
    Page("/airflow/{source:path}", _show),
)
