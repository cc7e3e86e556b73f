"""Shows the state of a schedule in Airflow, pauses and unpauses its DAG, and triggers runs.

Other pages load these parts with separate requests, because Airflow may be slow.
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

# The ID of the dialog in the list. The response to its actions contains the updated cell of the schedule.
_DIALOG = "airflow-dialog"
# Limit on the age of a confirmation: the run gets the time of the question as its logical date.
_CONFIRMATION_LIFETIME = timedelta(hours=1)
# Limit on the rows in one request; a page of the list has fewer.
_MAX_CELLS = 200
# Seconds.
_EXACT = 10
_MINUTE = 60
_HOUR = 60 * _MINUTE


def _show(context: RequestContext) -> Response:
    return _state(context, _schedule(context, context.query))


def _ask_to_run(context: RequestContext) -> Response:
    return _state(context, _schedule(context, context.query), asks=True)


def _cells(context: RequestContext) -> Response:
    """Render the cells of the requested schedules, by their keys."""
    airflows = _airflows(context)
    asked = set(context.request.query_params.getlist("schedule")[:_MAX_CELLS])
    schedules = [one for one in context.snapshot.reading.schedules if one.key in asked]
    rows = states_of(airflows, context.snapshot, schedules)
    return context.page("airflow_cells.html", rows=rows, **_HELPERS)


def _set_paused(context: RequestContext, *, paused: bool) -> Response:
    announcement = "is paused." if paused else "is unpaused."
    return _act(context, announcement, lambda session, dag_id: session.set_paused(dag_id, paused=paused))


def _run(context: RequestContext) -> Response:
    asked_at = _asked_at(context.form.get("asked_at", ""))
    schedule = _schedule(context, context.form)
    if asked_at is None or _without_default(schedule):
        return _state(context, schedule, asks=True, announcement="was not started.")

    def run(session: Session, dag_id: str) -> None:
        if context.form.get("unpause"):
            session.set_paused(dag_id, paused=False)
        session.trigger(dag_id, asked_at)

    return _act(context, "was started.", run)


def _act(context: RequestContext, announcement: str, act: Callable[[Session, str], None]) -> Response:
    schedule = _schedule(context, context.form)
    refused = None
    try:
        _airflows(context).request(schedule, lambda session: act(session, schedule.dag_id_or_default))
    except AirflowRestError as error:
        refused = error
    if refused or context.is_fragment:
        return _state(context, schedule, announcement="" if refused else announcement, refused=refused)
    # Redirect, so that a reload does not repeat the action.
    return RedirectResponse(_address(schedule), status_code=303)


def _state(
    context: RequestContext,
    schedule: Schedule,
    *,
    asks: bool = False,
    announcement: str = "",
    refused: AirflowRestError | None = None,
) -> Response:
    """Render the state of a schedule in Airflow, as a page or a part of one.

    Args:
        context: the request.
        schedule: the schedule.
        asks: whether to ask for a confirmation of a run.
        announcement: the result of the action, for screen readers.
        refused: the error if Airflow refused the action.
    """
    state = state_of(_airflows(context), context.snapshot, schedule)
    run = state.facts.run
    before = context.query.get("was", "")
    if run and before and before != run.state:
        announcement = f"has ended: {run.state}." if not run.is_unfinished else f"is {run.state}."
    waits = " It waits until the DAG is unpaused." if announcement and state.waits else ""
    return context.page(
        _template(context),
        schedule=schedule,
        state=state,
        was=before if run is None else run.state,
        asks=asks,
        announcement=f"{schedule.name} {announcement}{waits}" if announcement else "",
        refused=refused,
        without_default=_without_default(schedule),
        sharing=sum(one.dag_file == schedule.dag_file for one in context.snapshot.reading.schedules) - 1,
        now=datetime.now(timezone.utc).isoformat(),
        **_HELPERS,
    )


def _template(context: RequestContext) -> str:
    """Return the template for a request: the response to an action in the list, the panel of a page, or a page."""
    if context.is_fragment:
        return "airflow_answer.html" if context.request.headers.get("hx-target") == _DIALOG else "airflow_state.html"
    return "airflow.html"


def _airflows(context: RequestContext) -> Airflows:
    if context.site.airflow is None:
        raise HTTPException(404, "No Airflow is configured: set DAGPRESS_AIRFLOW_URL.")
    return context.site.airflow


def _schedule(context: RequestContext, fields: Mapping[str, str]) -> Schedule:
    """Return the schedule named in the URL, in the deployment environment of the fields or the first that has it.

    Raises:
        HTTPException: there is no such schedule, or no Airflow is configured.
    """
    _airflows(context)
    source, wanted = context.request.path_params["source"], fields.get("environment", "")
    those = (one for one in context.snapshot.reading.schedules if one.relative == source)
    found = next((one for one in those if wanted in {"", one.deployment}), None)
    if found is None:
        raise HTTPException(404, "This pipeline does not exist.")
    return found


def _address(schedule: Schedule, action: str = "", **query: str) -> str:
    return address_of("airflow", schedule.relative, schedule.deployment, action, **query)


def _without_default(schedule: Schedule) -> list[str]:
    """Return the parameters without a default, which a run requires."""
    return [name for name, param in (schedule.params or {}).items() if not param.has_default]


def _asked_at(text: str) -> datetime | None:
    """Return the time at which the confirmation was shown; None if it is invalid or too old."""
    try:
        time = datetime.fromisoformat(text)
        age = datetime.now(timezone.utc) - time
    except (TypeError, ValueError):
        return None
    return time if timedelta() <= age <= _CONFIRMATION_LIFETIME else None


def _duration_in_words(duration: timedelta) -> str:
    """Return a duration in at most two units, with no-break spaces, such as `1 h 5 min`."""
    seconds = max(0.0, duration.total_seconds())
    if seconds < _EXACT:
        return f"{seconds:.1f}\xa0s"
    hours, rest = divmod(round(seconds), _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    if hours:
        return f"{hours}\xa0h\xa0{minutes}\xa0min"
    return f"{minutes}\xa0min\xa0{rest}\xa0s" if minutes else f"{rest}\xa0s"


# Functions for the templates.
_HELPERS: Mapping[str, Any] = {
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
