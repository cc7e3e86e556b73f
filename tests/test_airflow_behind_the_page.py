"""The Pipelines page without an Airflow, and with other servers at its address."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from click import ClickException
from examples import sample
from loopback_servers import Reply, closed_port, replying
from pages import Pages, text_of
from project_builder import EXTRACT_LOAD, dagpress, write

from codegen.airflow import http_client
from codegen.airflow.connection import read_connections, suffix_of
from codegen.airflow.rest import Dag
from codegen.web.airflow.deployed import Deployed, states_of
from codegen.web.shell.airflows import Facts
from codegen.web.shell.workspace import Workspace

_URL = "DAGPRESS_AIRFLOW_URL"
_SECRET = "made-up-secret"  # noqa: S105
_CREDENTIALS = {"DAGPRESS_AIRFLOW_USERNAME": "robot", "DAGPRESS_AIRFLOW_PASSWORD": _SECRET}
_ONE_PAGE = "/airflow/a.yml"
_VERSION = Reply(b'{"version": "3.3.2"}')


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})


def test_without_a_url_the_pages_do_not_mention_airflow(project: Path) -> None:
    pages = Pages(project)
    assert "Airflow" not in pages.get("/").text
    for address in ("/airflow", "/airflow/a.yml"):
        assert "set DAGPRESS_AIRFLOW_URL" in text_of(pages.get(address, status=404), "main")


def test_only_schedules_have_a_page(project: Path) -> None:
    pages = Pages(project, **{_URL: "http://127.0.0.1:1"})
    for source in ("b.yml", "a.yml?environment=prod", quote("../schedules/a.yml", safe="")):
        assert "This pipeline does not exist" in text_of(pages.get(f"/airflow/{source}", status=404), "main")
    for action in ("run", "pause", "unpause"):
        pages.post(f"/airflow/b.yml/{action}", {}, status=404)


def test_a_pipeline_that_cannot_be_read_has_a_page_without_airflow(project: Path) -> None:
    write(project, {"schedules/b.yml": EXTRACT_LOAD.replace("@daily", "61 * * * *") + "retris: 2\n"})
    page = Pages(project, **{_URL: "http://127.0.0.1:1"}).get("/pipelines/b.yml")
    assert "did you mean retries" in text_of(page, "#yaml-lines")
    assert not page.select("#airflow")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({_URL: f"https://robot:{_SECRET}@airflow"}, "contains a user name or a password"),
        ({_URL: f"https://{_SECRET}@airflow"}, "set DAGPRESS_AIRFLOW_USERNAME and DAGPRESS_AIRFLOW_PASSWORD"),
        ({_URL: "airflow.example.com"}, "must be an http:// or https:// URL"),
        ({_URL: "ftp://airflow"}, "must be an http:// or https:// URL"),
        ({_URL: "http://"}, "must be an http:// or https:// URL"),
        ({_URL: f"http://airflow/?token={_SECRET}"}, "must not have a query or a fragment"),
        ({_URL: "http://[airflow"}, "is not a valid URL"),
        ({_URL: "http://airflow:99999"}, "is not a valid URL"),
        ({_URL: "http://air\nflow"}, "is not a valid URL"),
        ({"DAGPRESS_AIRFLOW_TOKEN": _SECRET}, "but DAGPRESS_AIRFLOW_URL is not"),
        ({_URL: "http://airflow", "DAGPRESS_AIRFLOW_PASSWORD": _SECRET}, "set both, or neither"),
        ({_URL: "http://airflow", **_CREDENTIALS, "DAGPRESS_AIRFLOW_TOKEN": _SECRET}, "unset one of them"),
        ({_URL: "http://airflow", "DAGPRESS_AIRFLOW_TOKEN": f"{_SECRET}\r\nX: y"}, "copy it again"),
        ({"DAGPRESS_AIRFLOW_USERNAME_PROD": "x", _URL: "http://airflow"}, "but DAGPRESS_AIRFLOW_URL_PROD is not"),
    ],
)
def test_an_invalid_connection_is_an_error_without_its_value(
    environ: dict[str, str], expected: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ClickException) as caught:
        dagpress(project, "serve", "--port", "0")
    assert expected in caught.value.message
    assert _SECRET not in caught.value.message


def test_each_deployment_environment_has_its_own_airflow(project: Path) -> None:
    """Both have the same DAG IDs; requests never go to the Airflow of another environment."""
    write(project, {"dagpress.toml": 'environments = ["dev", "eu-prod"]\n'})
    found = read_connections({_URL: "http://a/", f"{_URL}_EU_PROD": "http://b/path/", f"{_URL}_DEV": ""})
    assert {ending: one.url for ending, one in found.items()} == {"": "http://a", "EU_PROD": "http://b/path"}
    assert suffix_of("eu-prod") == "EU_PROD"
    pages = Pages(project, **{_URL: "http://127.0.0.1:1", f"{_URL}_EU_PROD": f"http://127.0.0.1:{closed_port()}"})
    assert f"set {_URL}_DEV" in text_of(pages.get("/airflow/a.yml"), ".error")
    there = pages.get("/airflow/a.yml?environment=eu-prod")
    assert f"check {_URL}_EU_PROD" in text_of(there, ".error")


def test_no_text_of_a_connection_has_its_credentials() -> None:
    found = read_connections(
        {_URL: "http://a", **_CREDENTIALS, f"{_URL}_B": "http://b", "DAGPRESS_AIRFLOW_TOKEN_B": _SECRET}
    )
    assert _SECRET not in repr(found)
    assert "robot" not in repr(found)


_NO_AIRFLOWS = [
    ({"": Reply(b"x", status=500)}, "failed to ask for its version (HTTP 500)"),
    ({"": Reply(b"<html>Sign in</html>")}, "the server at this URL is not Airflow"),
    ({"": Reply(b'{"version": "1.10.15"}')}, "Airflow 2 and 3 are supported"),
    ({"": Reply(b"[" * 100_000)}, "the server at this URL is not Airflow"),
    ({"": Reply(gzip.compress(b'{"version": "3.3.2"}'), headers={"Content-Encoding": "gzip"})}, "is not Airflow"),
    ({"": Reply(b"x" * 900_000)}, "is too large, or takes too long"),
    ({"": Reply(b"", seconds=1)}, "did not respond within"),
    ({"": Reply(b"SSH-2.0-OpenSSH\r\n", is_raw=True)}, "incomplete or invalid HTTP response"),
    (
        {"": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", is_raw=True)},
        "incomplete or invalid HTTP response",
    ),
    ({"": Reply(b"", status=401)}, "rejected the credentials"),
    ({"/api/v2/version": _VERSION, "": Reply(b"[]", status=201)}, "not one of Airflow's REST API (`access_token`)"),
    ({"/api/v2/version": _VERSION, "": Reply(b"{}", status=401)}, "rejected the credentials"),
    (
        {"/api/v2/version": _VERSION, "/auth": Reply(b'{"access_token": "t"}', status=201), "": Reply(b"[]")},
        "not one of Airflow's REST API (`dag_id`)",
    ),
    (
        {"/api/v2/version": _VERSION, "/auth": Reply(b'{"access_token": "t"}', status=201), "": Reply(b"", 403)},
        "is not allowed to read DAGs",
    ),
]


@pytest.mark.parametrize(("replies", "expected"), sample(_NO_AIRFLOWS, 3))
def test_a_server_that_is_not_airflow_is_reported_with_a_fix(
    replies: dict[str, Reply], expected: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "_TIMEOUT", 0.3)
    monkeypatch.setattr(http_client, "_MAX_BYTES", 800_000)
    with replying(replies) as server:
        pages = Pages(project, **{_URL: f"http://127.0.0.1:{server.port}", **_CREDENTIALS})
        page = pages.get(_ONE_PAGE)
        assert expected in text_of(page, ".error")
        assert "(" in text_of(page, ".error em")
        assert _SECRET not in str(page)
        # The list shows the error, too, above its rows.
        listed, _, _ = text_of(pages.get("/airflow?schedule=a.yml"), ".airflow-cell .error").partition(" (`")
        assert listed
        assert text_of(page, ".error").startswith(f"error {listed} (")


@pytest.fixture
def elsewhere() -> Iterator[tuple[int, list[str]]]:
    with replying({"": Reply(b"{}")}) as server:
        yield server.port, server.received


def test_credentials_are_not_sent_to_another_host(elsewhere: tuple[int, list[str]], project: Path) -> None:
    port, received = elsewhere
    away = Reply(b"", status=307, headers={"Location": f"http://localhost:{port}/"})
    for replies in ({"": away}, {"/api/v2/version": _VERSION, "": away}):
        with replying(replies) as server:
            pages = Pages(project, **{_URL: f"http://127.0.0.1:{server.port}", **_CREDENTIALS})
            assert f"redirects to another address (set {_URL} to that address)" in text_of(
                pages.get(_ONE_PAGE), ".error"
            )
    assert received == []


def test_a_closed_port_and_a_missing_tls_are_reported(project: Path) -> None:
    pages = Pages(project, **{_URL: f"http://127.0.0.1:{closed_port()}"})
    assert f"cannot be reached (check {_URL}" in text_of(pages.get(_ONE_PAGE), ".error")
    with replying({"": Reply(b"plain text, too long for what a handshake begins with", is_raw=True)}) as server:
        pages = Pages(project, **{_URL: f"https://127.0.0.1:{server.port}"})
        assert "a secure connection to Airflow (TLS) cannot be established" in text_of(pages.get(_ONE_PAGE), ".error")


def test_the_list_does_not_retry_an_unreachable_airflow_at_once(project: Path) -> None:
    with replying({"": Reply(b"", status=500)}) as server:
        pages = Pages(project, **{_URL: f"http://127.0.0.1:{server.port}"})
        for _ in range(3):
            pages.get("/airflow?schedule=a.yml")
        assert len(server.received) == 2


def test_only_the_own_dag_of_a_shared_file_is_compared(project: Path) -> None:
    """Airflow has the old file; then one schedule is changed, one is added, and one is removed."""
    write(project, {"dagpress.toml": 'layout = "folder"\n', **{f"schedules/x/{n}.yml": EXTRACT_LOAD for n in "bcd"}})
    dagpress(project, "generate")
    file = project / "generated_dags/x.py"
    there = Facts(Dag("d", is_paused=False, is_stale=False, has_import_errors=False, url="", source_key=""), None, "")

    def states(source: str) -> dict[str, tuple[Deployed, bool, int]]:
        snapshot = Workspace(project).snapshot()
        facts = {
            one.key: replace(there, source=source) if one.source in source else Facts()
            for one in snapshot.reading.schedules
        }
        airflows = SimpleNamespace(facts=lambda *_: facts)
        found = states_of(airflows, snapshot, snapshot.reading.schedules)  # type: ignore[arg-type]
        return {
            schedule.name: (state.deployed, state.is_pending, len(state.patch.lines))
            for schedule, state in found
            if schedule.relative.startswith("x/")
        }

    deployed = file.read_text()
    write(project, {"schedules/x/c.yml": EXTRACT_LOAD + "owner: ada\n", "schedules/x/e.yml": EXTRACT_LOAD})
    (project / "schedules/x/d.yml").unlink()
    assert states(deployed) == {
        "b": (Deployed.CURRENT, False, 0),
        "c": (Deployed.CURRENT, True, 0),
        "e": (Deployed.MISSING, True, 0),
    }
    dagpress(project, "generate")
    changed = states(deployed)
    assert changed["b"] == (Deployed.CURRENT, False, 0)
    assert changed["c"][:2] == (Deployed.DIFFERS, False)
    assert changed["c"][2] > 0
    generated = file.read_text()
    file.write_text(deployed)
    assert [states(generated)[name] for name in "ce"] == [(Deployed.GENERATED, True, 0)] * 2
