"""A fake of Airflow 3's REST API on loopback, with DAGs in the states that a test sets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

_RUN = "scheduled__2026-11-26T05:00:00+00:00"


@dataclass
class FakeAirflow:
    """A fake Airflow.

    Attributes:
        states: the state of the last run of each DAG; empty for a DAG without a run.
        paused: the paused DAGs.
        sources: the text of the file of each DAG.
        seconds: the delay of each response.
        refusal: the error for a request that starts a run; empty to start it.
    """

    states: dict[str, str]
    paused: set[str] = field(default_factory=set)
    sources: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    refusal: str = ""
    port: int = 0

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, body: Any) -> tuple[int, object]:  # noqa: C901, PLR0911  # any JSON; a line for each path
        """Return the status and the body of the response to a request."""
        parts = [unquote(part) for part in urlsplit(path).path.removeprefix("/api/v2").split("/")[1:]]
        match method, parts:
            case _, ["version"]:
                return 200, {"version": "3.3.0"}
            case _, ["auth", "token"]:
                return 201, {"access_token": "t"}
            case "GET", ["dags"]:
                return 200, {"dags": [self._dag(name) for name in self.states], "total_entries": len(self.states)}
            case "GET", ["dags", name]:
                return (200, self._dag(name)) if name in self.states else (404, {})
            case "PATCH", ["dags", name]:
                (self.paused.add if body["is_paused"] else self.paused.discard)(name)
                return 200, self._dag(name)
            case "POST", ["dags", "~", "dagRuns", "list"]:
                return 200, _all("dag_runs", [self._run(name) for name in body["dag_ids"] if self.states[name]])
            case "POST", ["dags", "~", "dagRuns", "~", "taskInstances", "list"]:
                return 200, _all("task_instances", [task for name in body["dag_ids"] for task in _tasks(name)])
            case "POST", ["dags", name, "dagRuns"]:
                if self.refusal:
                    return 400, {"detail": self.refusal}
                self.states[name] = "queued"
                return 200, {}
            case "GET", ["dagSources", name]:
                return 200, {"content": self.sources.get(name, "")}
            case _:
                return 404, {}

    def _dag(self, name: str) -> object:
        flags = {"is_paused": name in self.paused, "is_stale": False, "has_import_errors": False}
        return {"dag_id": name, **flags}

    def _run(self, name: str) -> object:
        state = self.states[name]
        start = None if state == "queued" else _ago(hours=3)
        end = _ago(hours=3, seconds=-130) if state in {"success", "failed"} else None
        return {"dag_id": name, "dag_run_id": _RUN, "state": state, "start_date": start, "end_date": end}


def _tasks(name: str) -> Iterator[object]:
    """Return the failed tasks, the last to fail first, and a task of another run."""
    for run, task, minutes, index in (("other", "x", 9, -1), (_RUN, "report", 1, -1), (_RUN, "extract & load", 2, 3)):
        ids = {"dag_id": name, "dag_run_id": run, "task_id": task, "map_index": index}
        yield {**ids, "try_number": 2, "end_date": _ago(minutes=minutes)}


def _ago(**span: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(**span)).isoformat()


def _all(name: str, items: Sequence[object]) -> object:
    return {name: items, "total_entries": len(items)}


@contextmanager
def fake_airflow(**states: str) -> Iterator[FakeAirflow]:
    """Serve an Airflow with these DAGs during the block."""
    airflow = FakeAirflow(states)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            time.sleep(airflow.seconds)
            status, answer = airflow.answer(self.command, self.path, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815  # the name in http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in http.server
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        airflow.port = server.server_port
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield airflow
        finally:
            server.shutdown()
