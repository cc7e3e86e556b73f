"""Alerts of runs on real Airflow 2 and 3 reach real HTTP and SMTP servers, through connections, and functions."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from harness import Invocation, generate
from loopback_servers import Mail, Received, Request, servers
from project_builder import write
from versions import NEWEST, NEWEST_2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc"),
]

# The scheduler starts each due run once.
FAILING = """\
interval: "@daily"
retries: 1
retry_delay: 0s
tasks:
- id: load
  run: tap-carbon target-duckdb
  env: {OUTCOME: fails, MELTANO_RUN_FORCE: "true"}
  on_failure:
  - webhook: {http_conn_id: alerts, endpoint: of/task}
  - python: {callable: team_alerts.page, op_kwargs: {severity: high}}
on_retry:
- webhook: {http_conn_id: alerts, endpoint: of/retry}
on_failure:
- email: [data@example.com, ops@example.com]
- email: {to: own@example.com, subject: "Own: {{ dag.dag_id }}", html_content: "<b>{{ reason }}</b>", cc: c@example.com}
- slack: "#data-alerts"
- slack: {slack_webhook_conn_id: slack_default}
- webhook: {http_conn_id: alerts, endpoint: of/run}
- webhook:
    http_conn_id: alerts
    endpoint: "own/{{ dag.dag_id }}"
    method: PUT
    headers: {X-Team: data}
    json: {title: "{{ reason }}", count: 2, wake: true, nested: [{text: "{# as it stands.sh"}]}
- python: team_alerts.page
on_success: {webhook: {http_conn_id: alerts, endpoint: never}}
"""
SUCCEEDING = """\
interval: "@daily"
tasks:
- {id: load, run: tap-carbon target-duckdb, on_success: {webhook: {http_conn_id: alerts, endpoint: of/task}}}
on_success:
- email: data@example.com
- slack: {slack_webhook_conn_id: slack_default, text: "{{ dag.dag_id }} is fine"}
- webhook: {http_conn_id: alerts, endpoint: of/run}
- python: team_alerts.page
on_failure: {webhook: {http_conn_id: alerts, endpoint: never}}
on_retry: {webhook: {http_conn_id: alerts, endpoint: never}}
"""
LATE = """\
interval: "@daily"
retries: 0
tasks: [{id: load, run: tap-carbon target-duckdb, env: {OUTCOME: fails-from-now-on}}]
deadline: 1s
on_deadline:
- email: data@example.com
- slack: "#data-alerts"
- slack: {slack_webhook_conn_id: slack_default}
- webhook: {http_conn_id: alerts, endpoint: of/deadline}
- python: {callable: team_alerts.late, op_kwargs: {severity: low}}
"""
# Every Airflow process has the folder `plugins` of its home on `sys.path`.
FUNCTIONS = """\
import json
from pathlib import Path


def keep(**call):
    with Path(__file__).with_name("calls.jsonl").open("a") as calls:
        calls.write(json.dumps(call) + "\\n")


def page(context, severity=None):
    keep(dag=context["dag"].dag_id, run=context["run_id"], reason=context.get("reason"), severity=severity)


{function} late(context, severity):
    keep(dag={dag}, severity=severity)
"""
MELTANO = """\
#!/bin/sh
case "$OUTCOME" in
fails) exit 1 ;;
fails-from-now-on) mkdir "$PWD/has-run" ;;
esac
"""


@pytest.fixture
def received() -> Iterator[Received]:
    """The running servers."""
    with servers() as kept:
        yield kept


def _prepare(invocation: Invocation, received: Received) -> None:
    http, folder = f"http://127.0.0.1:{received.http_port}", invocation.demo.folder
    connections = {
        "ALERTS": {"conn_type": "http", "host": http},
        "SLACK_API_DEFAULT": {"conn_type": "slack", "password": "xoxb-x", "extra": {"base_url": f"{http}/api/"}},
        "SLACK_DEFAULT": {"conn_type": "slackwebhook", "host": f"{http}/services", "password": "T0/B0/x"},
        "SMTP_DEFAULT": {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": received.smtp_port,
            "extra": {"from_email": "airflow@example.com", "disable_ssl": True, "disable_tls": True},
        },
    }
    for name, connection in connections.items():
        invocation.variables[f"AIRFLOW_CONN_{name}"] = json.dumps(connection)
    is_2 = invocation.version == NEWEST_2
    of_dag = 'context["dag"].dag_id' if is_2 else 'context["dag_run"]["dag_id"]'
    functions = FUNCTIONS.replace("{function}", "def" if is_2 else "async def").replace("{dag}", of_dag)
    write(invocation.home, {"plugins/team_alerts.py": functions})
    schedules = {"failing": FAILING, "succeeding": SUCCEEDING, "late": LATE}
    write(folder, {f"schedules/{name}.yml": text for name, text in schedules.items()})
    generate(folder)
    # The tasks call the `meltano` to which the project links.
    write(folder, {".meltano/run/bin": MELTANO})


def _calls(invocation: Invocation) -> list[dict[str, Any]]:
    path = invocation.home / "plugins/calls.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _check_of_failing(received: Received, calls: list[dict[str, Any]]) -> None:
    """Check the alerts of the failed run: for its retry, its task and the run, each with the context of Airflow."""
    dag_id = "meltano_failing"
    retry, task, run = (_request(received, f"/of/{path}", dag_id).body for path in ("retry", "task", "run"))
    run_id = run["run_id"]
    log = rf"http://\S+{dag_id}\S+load\S*"
    assert (retry["event"], retry["task_id"], retry["run_id"]) == ("retry", "load", run_id)
    first = f"{dag_id}: load failed and is up for retry in {run_id}\nTry 1 of 2: "
    assert re.fullmatch(re.escape(first) + log, retry["text"])
    assert (task["event"], task["task_id"], task["run_id"]) == ("failure", "load", run_id)
    assert re.fullmatch(re.escape(f"{dag_id}: load failed in {run_id}\nTry 2 of 2: ") + log, task["text"])
    assert (run["event"], run["dag_id"]) == ("failure", dag_id)
    assert re.fullmatch(re.escape(f"{dag_id} failed in {run_id}: task_failure\n") + f"(load: )?{log}", run["text"])

    message = _request(received, "/api/chat.postMessage", dag_id)
    assert (message.body["channel"], message.body["text"]) == ("#data-alerts", run["text"])
    assert message.headers["Authorization"] == "Bearer xoxb-x"
    assert _request(received, "/services/T0/B0/x", dag_id).body["text"] == run["text"]
    own = _request(received, f"/own/{dag_id}", "")
    assert (own.method, own.headers["X-Team"]) == ("PUT", "data")
    nested = [{"text": "{# as it stands.sh"}]
    assert own.body == {"title": "task_failure", "count": 2, "wake": True, "nested": nested}

    ours = _mail(received, ["data@example.com", "ops@example.com"])
    assert (ours.message["From"], ours.message["Subject"]) == ("airflow@example.com", f"{dag_id} failed")
    assert ours.text.splitlines() == run["text"].splitlines()
    theirs = _mail(received, ["own@example.com", "c@example.com"])
    assert (theirs.message["Subject"], theirs.text.strip()) == (f"Own: {dag_id}", "<b>task_failure</b>")

    of_task, of_run = sorted((call for call in calls if call["dag"] == dag_id), key=lambda call: str(call["reason"]))
    assert of_task == {"dag": dag_id, "run": run_id, "reason": None, "severity": "high"}
    assert of_run == {"dag": dag_id, "run": run_id, "reason": "task_failure", "severity": None}


def _check_of_succeeding(received: Received, calls: list[dict[str, Any]]) -> None:
    dag_id = "meltano_succeeding"
    task, run = (_request(received, f"/of/{path}", dag_id).body for path in ("task", "run"))
    text = f"{dag_id} succeeded in {run['run_id']}"
    assert run == {"text": text, "event": "success", "dag_id": dag_id, "run_id": run["run_id"]}
    assert task["text"].startswith(f"{dag_id}: load succeeded in {run['run_id']}\nTry 1 of 2: http://")
    assert _request(received, "/services/T0/B0/x", dag_id).body["text"] == f"{dag_id} is fine"
    (mail,) = (mail for mail in received.mails if mail.message["Subject"] == f"{dag_id} succeeded")
    assert mail.text.strip() == text
    (call,) = (call for call in calls if call["dag"] == dag_id)
    assert call == {"dag": dag_id, "run": run["run_id"], "reason": "success", "severity": None}


def _check_of_late(received: Received, calls: list[dict[str, Any]]) -> None:
    dag_id = "meltano_late"
    body = _request(received, "/of/deadline", dag_id).body
    assert (body["event"], body["dag_id"]) == ("deadline", dag_id)
    assert body["text"].startswith(f"{dag_id} is late")
    assert _request(received, "/api/chat.postMessage", dag_id).body["text"] == body["text"]
    assert _request(received, "/services/T0/B0/x", dag_id).body["text"] == body["text"]
    (mail,) = (mail for mail in received.mails if mail.message["Subject"] == f"{dag_id} is late")
    assert mail.text.splitlines() == body["text"].splitlines()
    assert [call for call in calls if call["dag"] == dag_id] == [{"dag": dag_id, "severity": "low"}]


def _request(received: Received, path: str, dag_id: str) -> Request:
    (found,) = (r for r in received.requests if r.path == path and dag_id in json.dumps(r.body))
    return found


def _mail(received: Received, recipients: list[str]) -> Mail:
    (found,) = (mail for mail in received.mails if mail.recipients == recipients)
    return found


def test_every_alert_arrives_once(invocation: Invocation, received: Received) -> None:
    """For a run that fails after a retry, a run that succeeds, and a run that is late."""
    _prepare(invocation, received)
    if invocation.version == NEWEST_2:
        # Airflow 2 checks SLAs from the last success on, when it parses the file.
        invocation.variables["AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL"] = "3"
        past = datetime.now(timezone.utc) - timedelta(days=3)
        invocation.run("dags", "test", "meltano_late", past.date().isoformat())
    assert (received.requests, received.mails) == ([], [])

    def have_arrived() -> bool:
        return len(received.requests) >= 12 and len(received.mails) >= 4 and len(_calls(invocation)) >= 4

    with ExitStack() as processes:
        processes.enter_context(invocation.started("scheduler"))
        if invocation.version == NEWEST:
            # The triggerer sends the alerts of deadlines.
            processes.enter_context(invocation.started("triggerer"))
        invocation.wait_until(have_arrived)
    assert [invocation.states(f"meltano_{name}") for name in ("failing", "succeeding")] == [["failed"], ["success"]]
    calls = _calls(invocation)
    _check_of_failing(received, calls)
    _check_of_succeeding(received, calls)
    _check_of_late(received, calls)
    assert (len(received.requests), len(received.mails), len(calls)) == (12, 4, 4)
