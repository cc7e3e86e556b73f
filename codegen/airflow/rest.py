"""The REST API of Airflow 2 and 3: reads DAGs and their runs, pauses DAGs and starts runs.

Their sources: `airflow/api_connexion` of Airflow 2 and `airflow/api_fastapi/core_api/routes/public` of Airflow 3. The
URLs of logs are those of `TaskInstance.log_url` (`airflow/models/taskinstance.py`).
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, datetime, timedelta, timezone
from http import HTTPStatus
from threading import Lock
from typing import TypeVar
from urllib.parse import quote, urlencode

from codegen.airflow.connection import Connection
from codegen.airflow.http_client import AirflowRestError, Http, Response, opened
from codegen.airflow_facts import VERSIONS, newest
from codegen.diagnostics import printable

_Value = TypeVar("_Value")

# The page size, unless Airflow's `[api] maximum_page_limit` is lower.
_PAGE = 100
# Concurrent requests: Airflow has few server processes.
_MAX_CONCURRENT = 4
_UNFINISHED = frozenset({"queued", "running"})
# The source of a file, if the user may not read all of its DAGs (`dag_sources.py` of Airflow 3).
_REDACTED = "REDACTED - "
# The detail of Airflow 3's status 403 for a token that was signed with another secret, such as before a restart. For an
# expired token, the status is 401 (`core_api/security.py`).
_NO_TOKEN = "Invalid JWT token"  # noqa: S105  # no token
_MAX_DETAIL_LENGTH = 300
_NEVER = datetime.max.replace(tzinfo=timezone.utc)
_DENIED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True)
class Run:
    """A run of a DAG: `queued`, `running`, `success` or `failed`.

    Attributes:
        url: its page in Airflow; with a failed task, the page of that task's log.
        failed_task: the ID of the task that failed first; empty without one, or if the user may not read tasks.
    """

    run_id: str
    state: str
    start: datetime | None
    end: datetime | None
    url: str
    failed_task: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether its state can still change."""
        return self.state in _UNFINISHED

    @property
    def duration(self) -> timedelta | None:
        """Its duration, until now if it is unfinished; None if it has not started."""
        if self.start is None or (self.end is None and not self.is_unfinished):
            return None
        return (self.end or datetime.now(timezone.utc)) - self.start


@dataclass(frozen=True)
class Dag:
    """A DAG in Airflow, stale if its file no longer defines it; `source_key` requests its source."""

    dag_id: str
    is_paused: bool
    is_stale: bool
    has_import_errors: bool
    url: str
    source_key: str


class RestApi:
    """The REST API of one Airflow. Thread-safe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._login = _Login(connection)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session for requests over the same connections.

        Raises:
            AirflowRestError: there is no Airflow at the URL.
        """
        with opened(self._connection) as http:
            yield Session(http, self._connection, self._login, self._is_v1(http))

    def _is_v1(self, http: Http) -> bool:
        """Return whether it is an Airflow 2. The version is public, but a proxy in front may require the token."""
        headers = _bearer(self._connection.token) if self._connection.token else {}
        answers = []
        for prefix, major in (("/api/v2", "3."), ("/api/v1", "2.")):
            response = http.request("GET", f"{prefix}/version", headers)
            version = response.body.get("version") if isinstance(response.body, dict) else None
            if isinstance(version, str) and version.startswith(major):
                return major == "2."
            answers.append(response)
        for response in answers:
            if response.status in _DENIED or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _refusal(self._connection, response, "ask for its version")
        hint = f"check {self._connection.variable('URL')}, including its path; Airflow 2 and 3 are supported"
        raise AirflowRestError("the server at this URL is not Airflow", hint)


@dataclass(frozen=True)
class Session:
    """Requests to an Airflow. Every method raises AirflowRestError if a request fails."""

    _http: Http
    _connection: Connection
    _login: _Login
    _is_v1: bool

    def dag(self, dag_id: str) -> Dag | None:
        """Return a DAG; None if Airflow has no DAG with that ID."""
        response = self._request("GET", f"/dags/{_quoted(dag_id)}", "read DAGs", but={HTTPStatus.NOT_FOUND})
        return None if response.status == HTTPStatus.NOT_FOUND else self._dag(response.body)

    def dags(self, dag_ids: Iterable[str], tag: str | None) -> dict[str, Dag]:
        """Return the DAGs that Airflow has, including stale ones; a tag that all of them have shortens its list."""
        wanted = set(dag_ids)
        found: dict[str, Dag] = {}
        query = {"limit": _PAGE, "order_by": "dag_id", "only_active" if self._is_v1 else "exclude_stale": "false"}
        offset = 0
        while not found.keys() >= wanted:
            asked = urlencode({**query, "offset": offset, **({"tags": tag} if tag else {})})
            body = self._request("GET", f"/dags?{asked}", "read DAGs").body
            page = [self._dag(item) for item in _value(body, "dags", list)]
            found |= {dag.dag_id: dag for dag in page if dag.dag_id in wanted}
            offset += len(page)
            if not page or offset >= _value(body, "total_entries", int):
                break
        return found

    def last_runs(self, dag_ids: Iterable[str]) -> dict[str, Run]:
        """Return the latest run of each of these DAGs that has any; a failed run has its failed task.

        Airflow lists the latest runs of all DAGs together: DAGs without a run among them are requested again.
        """
        missing = set(dag_ids)
        found: dict[str, Run] = {}
        while missing:
            asked = {"dag_ids": sorted(missing), "order_by": "-id", "page_limit": _PAGE}
            body = self._request("POST", "/dags/~/dagRuns/list", "read runs", asked).body
            runs = _value(body, "dag_runs", list)
            # The latest run comes first, so in reverse it replaces the others of its DAG.
            of_these = [(_value(run, "dag_id", str), run) for run in reversed(runs)]
            found |= {dag_id: self._run(run) for dag_id, run in of_these if dag_id in missing}
            if not missing & found.keys() or len(runs) >= _value(body, "total_entries", int):
                break
            missing -= found.keys()
        return found | self._failed({dag_id: run for dag_id, run in found.items() if run.state == "failed"})

    def _failed(self, runs: Mapping[str, Run]) -> dict[str, Run]:
        """Return failed runs by DAG ID, each with the task that failed first."""
        first: dict[str, object] = {}
        for task in sorted(self._failed_tasks(runs), key=lambda task: _datetime_of(task, "end_date") or _NEVER):
            dag_id = _value(task, "dag_id", str)
            # Other runs of these DAGs can have the same run IDs.
            if runs[dag_id].run_id == _value(task, "dag_run_id", str):
                first.setdefault(dag_id, task)
        with_task = {
            dag_id: replace(runs[dag_id], failed_task=_value(task, "task_id", str), url=self._log_url(task))
            for dag_id, task in first.items()
        }
        return {**runs, **with_task}

    def _failed_tasks(self, runs: Mapping[str, Run]) -> Iterator[object]:
        """Yield the failed tasks of runs; none if the user may not read tasks."""
        run_ids = sorted({run.run_id for run in runs.values()})
        asked = {"dag_ids": sorted(runs), "dag_run_ids": run_ids, "state": ["failed"], "page_limit": _PAGE}
        offset, total = 0, len(runs)
        while offset < total:
            path = "/dags/~/dagRuns/~/taskInstances/list"
            response = self._request(
                "POST", path, "read tasks", {**asked, "page_offset": offset}, but={HTTPStatus.FORBIDDEN}
            )
            if response.status == HTTPStatus.FORBIDDEN or not (page := _value(response.body, "task_instances", list)):
                break
            yield from page
            offset, total = offset + len(page), _value(response.body, "total_entries", int)

    def source(self, dag: Dag) -> str | None:
        """Return the text of a DAG's file in Airflow; None if it was removed or the user may not read it."""
        path = f"/dagSources/{_quoted(dag.source_key)}"
        response = self._request("GET", path, "read the code of DAGs", but={HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
        if response.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            return None
        text = _value(response.body, "content", str)
        return None if text.startswith(_REDACTED) else text

    def sources(self, dags: Iterable[Dag], seconds: float) -> dict[str, str | None]:
        """Return the texts by DAG ID, of as many DAGs as Airflow returns in that time."""
        until = time.monotonic() + seconds

        def ask(dag: Dag) -> tuple[str, str | None] | None:
            return (dag.dag_id, self.source(dag)) if time.monotonic() < until else None

        with ThreadPoolExecutor(_MAX_CONCURRENT) as pool:
            return dict(one for one in pool.map(ask, dags) if one)

    def import_errors(self) -> dict[str, str]:
        """Return the import errors of files that the user may read, each as one line.

        Airflow 2 has absolute paths, some versions of Airflow 3 paths in a bundle.
        """
        path = f"/importErrors?{urlencode({'limit': _PAGE, 'order_by': '-timestamp'})}"
        response = self._request("GET", path, "read import errors", but={HTTPStatus.FORBIDDEN})
        errors = [] if response.status == HTTPStatus.FORBIDDEN else _value(response.body, "import_errors", list)
        return {
            _value(error, "filename", str): _in_one_line(_value(error, "stack_trace", str).strip().rpartition("\n")[2])
            for error in errors
        }

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        """Pause or unpause a DAG."""
        path = f"/dags/{_quoted(dag_id)}?update_mask=is_paused"
        self._request("PATCH", path, "pause DAGs", {"is_paused": paused})

    def trigger(self, dag_id: str, logical_date: datetime) -> bool:
        """Start a run with default parameters, unless one has that logical date; returns whether it was started."""
        date = logical_date.isoformat()
        order = {"dag_run_id": f"manual__{date}", "logical_date": date, "conf": {}}
        response = self._request(
            "POST", f"/dags/{_quoted(dag_id)}/dagRuns", "start runs", order, but={HTTPStatus.CONFLICT}
        )
        return response.status != HTTPStatus.CONFLICT

    def _request(
        self, method: str, path: str, what: str, body: object = None, but: Iterable[int] = frozenset()
    ) -> Response:
        """Send a request with credentials; a rejection is an error, except for the statuses in `but`."""
        path = ("/api/v1" if self._is_v1 else "/api/v2") + path
        headers = self._login.headers(self._http, is_v1=self._is_v1)
        response = self._http.request(method, path, headers, body)
        if _lacks_access(response) and self._login.forget(headers):
            response = self._http.request(method, path, self._login.headers(self._http, is_v1=self._is_v1), body)
        is_fine = HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES or response.status in but
        if _lacks_access(response) or not is_fine:
            raise _refusal(self._connection, response, what, is_v1=self._is_v1)
        return response

    def _dag(self, body: object) -> Dag:
        dag_id = _value(body, "dag_id", str)
        return Dag(
            dag_id=dag_id,
            is_paused=_value(body, "is_paused", bool),
            is_stale=not _value(body, "is_active", bool) if self._is_v1 else _value(body, "is_stale", bool),
            has_import_errors=_value(body, "has_import_errors", bool),
            url=f"{self._connection.url}/dags/{_quoted(dag_id)}" + ("/grid" if self._is_v1 else ""),
            source_key=_value(body, "file_token", str) if self._is_v1 else dag_id,
        )

    def _run(self, body: object) -> Run:
        dag_id, run_id = (_quoted(_value(body, name, str)) for name in ("dag_id", "dag_run_id"))
        page = f"grid?dag_run_id={run_id}" if self._is_v1 else f"runs/{run_id}"
        url = f"{self._connection.url}/dags/{dag_id}/{page}"
        start, end = _datetime_of(body, "start_date"), _datetime_of(body, "end_date")
        return Run(_value(body, "dag_run_id", str), _value(body, "state", str), start, end, url)

    def _log_url(self, task: object) -> str:
        """Return the page of the log of a task's last attempt."""
        dag_id, run_id, task_id = (_quoted(_value(task, name, str)) for name in ("dag_id", "dag_run_id", "task_id"))
        index, tries = _value(task, "map_index", int), _value(task, "try_number", int)
        page = f"{self._connection.url}/dags/{dag_id}"
        if self._is_v1:
            mapped = f"&map_index={index}" if index >= 0 else ""
            date = _quoted(_value(task, "execution_date", str))
            return f"{page}/grid?dag_run_id={run_id}&task_id={task_id}{mapped}&base_date={date}&tab=logs"
        return (
            f"{page}/runs/{run_id}/tasks/{task_id}"
            + (f"/mapped/{index}" if index >= 0 else "")
            + f"?try_number={tries}"
        )


class _Login:
    """The credentials of requests: the given token, a password (Airflow 2), or a token for it (Airflow 3)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = Lock()
        self._token = ""

    def headers(self, http: Http, *, is_v1: bool) -> Mapping[str, str]:
        connection = self._connection
        if connection.token:
            return _bearer(connection.token)
        if not is_v1:
            with self._lock:
                self._token = self._token or self._fetch_token(http)
                return _bearer(self._token)
        if not connection.username:
            return {}
        pair = f"{connection.username}:{connection.password}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode('ascii')}"}

    def forget(self, headers: Mapping[str, str]) -> bool:
        """Forget the expired token of these headers; returns whether another can be fetched."""
        with self._lock:
            if not self._token:
                return False
            if headers == _bearer(self._token):
                self._token = ""
            return True

    def _fetch_token(self, http: Http) -> str:
        """Return the token for a user name and password or, without them, for an Airflow that accepts all users.

        (`auth/managers/simple/routes/login.py` of Airflow 3; FAB's and Keycloak's managers have the same address.)
        """
        connection = self._connection
        body = {"username": connection.username, "password": connection.password} if connection.username else None
        response = http.request("POST" if body else "GET", "/auth/token", {}, body)
        if response.status == HTTPStatus.CREATED:
            return _value(response.body, "access_token", str)
        is_server_error = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        refused = response if is_server_error else Response(HTTPStatus.UNAUTHORIZED, None)
        raise _refusal(connection, refused, "log in")


def _refusal(connection: Connection, response: Response, what: str, *, is_v1: bool = False) -> AirflowRestError:
    if response.status in _DENIED:
        return _denial(connection, response, what, is_v1=is_v1)
    if response.status == HTTPStatus.NOT_FOUND:
        return AirflowRestError("Airflow has no such DAG", "deploy its file; Airflow takes a while to find it")
    detail = _detail(response.body)
    if response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY} and detail:
        return AirflowRestError(
            f"Airflow rejected the request: {detail}", "change it in the schedule, or start it in Airflow"
        )
    return AirflowRestError(f"Airflow failed to {what} (HTTP {response.status})", "see the log of Airflow")


def _denial(connection: Connection, response: Response, what: str, *, is_v1: bool) -> AirflowRestError:
    name, password, token = (connection.variable(part) for part in ("USERNAME", "PASSWORD", "TOKEN"))
    if not (connection.username or connection.token):
        return AirflowRestError("Airflow requires credentials", f"set {name} and {password}, or {token}")
    given = token if connection.token else f"{name} and {password}"
    if response.status == HTTPStatus.FORBIDDEN and is_v1:
        # Airflow 2 gives unknown users the role `Public`, which has no permissions.
        hint = f"check {given} and the user's role; a password needs `basic_auth` in `[api] auth_backends`"
        return AirflowRestError(f"the user is unknown to Airflow, or is not allowed to {what}", hint)
    if _lacks_access(response):
        return AirflowRestError("Airflow rejected the credentials", f"check {given}; a token may have expired")
    return AirflowRestError(f"the Airflow user is not allowed to {what}", "give the user a role that allows it")


def _lacks_access(response: Response) -> bool:
    """Return whether Airflow does not accept the credentials."""
    has_no_token = response.status == HTTPStatus.FORBIDDEN and _detail(response.body) == _NO_TOKEN
    return has_no_token or response.status == HTTPStatus.UNAUTHORIZED


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _quoted(part: str) -> str:
    """Return a part of a path; a single dot would be a folder."""
    return quote(part, safe="").replace(".", "%2E") if set(part) == {"."} else quote(part, safe="")


def _value(body: object, name: str, kind: type[_Value]) -> _Value:
    """Return a value of a response; another type is an `AirflowRestError`."""
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, kind):
        raise _unlike_airflow(name)
    return value


def _datetime_of(body: object, name: str) -> datetime | None:
    if isinstance(body, dict) and body.get(name) is None:
        return None
    try:
        # Python 3.10 does not parse the Z.
        found = datetime.fromisoformat(_value(body, name, str).replace("Z", "+00:00"))
    except ValueError:
        found = None
    # At both ends of the calendar, the time may not exist in another timezone.
    if found is None or found.tzinfo is None or not MINYEAR < found.year < MAXYEAR:
        raise _unlike_airflow(name)
    return found


def _unlike_airflow(name: str) -> AirflowRestError:
    hint = f"check the URL; Dagpress supports Airflow {VERSIONS[0]} to {newest()}"
    return AirflowRestError(f"the response is not one of Airflow's REST API (`{name}`)", hint)


def _detail(body: object) -> str:
    """Return the message of an error, in `detail` on both versions."""
    detail = body.get("detail") if isinstance(body, dict) else None
    return _in_one_line(detail) if isinstance(detail, str) else ""


def _in_one_line(text: str) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= _MAX_DETAIL_LENGTH else f"{line[:_MAX_DETAIL_LENGTH]}…"
