"""The command `serve`: where it listens, who may see the page there, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import tomli
from click import ClickException
from environments import ROOT
from pages import soup_of, text_of
from project_builder import EXTRACT_LOAD, dagpress, write
from serving import Server, receive, serving
from starlette.testclient import TestClient

from codegen.web.app import create_app

TOKEN = "a token of more than 16"  # noqa: S105  # of this test
ANYWHERE = "0.0.0.0"  # noqa: S104  # it is what is tested

_WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from codegen.cli.main import run
run()
"""


def _extra() -> list[str]:
    """The modules that the extra `serve` brings."""
    configuration = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = configuration["project"]["optional-dependencies"]["serve"]
    return [name.partition(">=")[0].replace("-", "_") for name in names]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("serve") / "the_project", {"schedules/a.yml": EXTRACT_LOAD})


@pytest.fixture(scope="module")
def guarded(project: Path) -> Iterator[Server]:
    """One that everybody can reach."""
    with serving(
        project, "--host", ANYWHERE, "--allowed-host", "pipelines.example.com", DAGPRESS_TOKEN=TOKEN
    ) as server:
        yield server


@pytest.fixture
def browser(guarded: Server) -> Iterator[httpx2.Client]:
    """Somebody who has not logged in."""
    with httpx2.Client(base_url=guarded.url, follow_redirects=True) as client:
        yield client


def _refusal(project: Path, *arguments: str) -> str:
    with pytest.raises(ClickException) as refusal:
        dagpress(project, "serve", *arguments)
    assert refusal.value.exit_code in {1, 2}
    return refusal.value.message


def _get(server: Server, host: str) -> bytes:
    return server.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).split(b" ", 2)[1]


# Where it listens


@pytest.mark.slow
def test_it_ends_quietly_while_somebody_is_connected(project: Path) -> None:
    """Ctrl+C is how it ends: the exit code is 0, and nothing more is said."""
    with serving(project) as server, server.connect() as idle, server.connect() as slow:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert receive(idle).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET / HTTP/1.1\r\n")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=60) == 0
        assert server.log.read_text() == f"The pipelines of the_project are at {server.url} (Ctrl+C ends it)\n"


@pytest.mark.slow
def test_it_listens_on_ipv6(project: Path) -> None:
    with serving(project, "--host", "::1") as server:
        assert server.url == f"http://[::1]:{urlsplit(server.url).port}/"
        assert _get(server, urlsplit(server.url).netloc) == b"200"
        assert _get(server, "[::2]") == b"403"


def test_a_port_that_is_taken_is_told(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        message = _refusal(project, "--port", port)
    assert (
        message
        == f"cannot listen on 127.0.0.1:{port}: Address already in use (choose another with --port; 0 is any free)"
    )


def test_an_address_of_another_machine_is_told(project: Path) -> None:
    for host in ("192.0.2.1", "nowhere.invalid"):
        assert f"cannot listen on {host}:0: " in _refusal(project, "--host", host, "--port", "0")


@pytest.mark.slow
@pytest.mark.parametrize("missing", _extra())
def test_without_the_extra_it_says_how_to_get_it(project: Path, missing: str) -> None:
    command = [sys.executable, "-c", _WITHOUT, missing, "--project", str(project), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = process.stderr.readline()
        process.kill()
    assert said == f"Error: the Pipelines page needs {missing} (install it: pip install 'dagpress[serve]')\n"


def test_a_broken_configuration_is_told_as_by_other_commands(tmp_path: Path) -> None:
    write(tmp_path, {"dagpress.toml": "airflow = 3\n"})
    code, _, told = dagpress(tmp_path, "generate")
    assert (code, dagpress(tmp_path, "serve")) == (2, (2, "", told))
    assert "dagpress.toml:1" in told


# Who may see the page


def test_an_address_that_others_can_reach_needs_a_token(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGPRESS_TOKEN", raising=False)
    assert "set DAGPRESS_TOKEN" in _refusal(project, "--port", "0", "--host", ANYWHERE)
    assert "set DAGPRESS_TOKEN" in _refusal(project, "--port", "0", "--host", "::")
    monkeypatch.setenv("DAGPRESS_TOKEN", "x" * 15)
    for host in (ANYWHERE, "127.0.0.1"):
        assert "fewer than 16 characters" in _refusal(project, "--port", "0", "--host", host)


@pytest.mark.parametrize("name", ["example.com:80", "http://example.com", "*", "", "[::1]", "a b"])
def test_an_allowed_host_is_a_name(project: Path, name: str) -> None:
    assert "takes a name without a port" in _refusal(project, "--allowed-host", name)


def test_the_names_of_a_page_that_others_can_reach(guarded: Server) -> None:
    for host in ("127.0.0.1", "localhost", "pipelines.example.com", "PIPELINES.example.com:443"):
        assert _get(guarded, host) == b"401"
    for host in ("example.com", "pipelines.example.com.evil.com", "192.0.2.1"):
        assert _get(guarded, host) == b"403"


@pytest.mark.parametrize(
    "address", ["/", "/new", "/edit/a.yml", "/nowhere", "/login", "/static", "//static/x", "/Static/"]
)
def test_without_the_token_nothing_is_told(browser: httpx2.Client, address: str) -> None:
    """Not even what there is, or how the project is called."""
    for answer in (browser.get(address), browser.post(address), browser.put(address)):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "the_project" not in answer.text
        assert "csrf" not in answer.text
        assert "Set-Cookie" not in answer.headers


def test_the_login_page_has_what_it_loads(browser: httpx2.Client) -> None:
    page = soup_of(browser.get("/").text)
    for link in page.select("link[href]"):
        assert browser.get(str(link["href"])).status_code == 200


def test_the_token_lets_in_and_leads_on(browser: httpx2.Client) -> None:
    page = soup_of(browser.get("/edit/a.yml?x=1&y=%20").text)
    form = {str(field["name"]): str(field.get("value", "")) for field in page.select("form input")}
    assert form["next"] == "/edit/a.yml?x=1&y=%20"
    answer = browser.post("/login", data=form | {"token": TOKEN})
    assert (answer.status_code, answer.url.raw_path) == (200, b"/edit/a.yml?x=1&y=%20")
    cookie = answer.history[0].headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert text_of(soup_of(browser.get("/").text), ".brand span") == "the_project"


@pytest.mark.parametrize(
    "address", ["//example.com", "https://example.com", "/\\example.com", "/\t/example.com", "x", ""]
)
def test_the_login_leads_to_no_other_site(browser: httpx2.Client, address: str) -> None:
    answer = browser.post("/login", data={"token": TOKEN, "next": address}, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_programs_send_the_token(browser: httpx2.Client) -> None:
    assert browser.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert browser.get("/", headers={"Authorization": "Basic abc"}).status_code == 401


def test_a_login_that_is_no_form_is_refused(project: Path) -> None:
    client = TestClient(create_app(project, {}, token=TOKEN), base_url="http://127.0.0.1:8484")
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/login", content=b"--y", headers=multipart).status_code == 415
    parts = (b"a" * 65536 for _ in range(80))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=parts, headers=form).status_code == 413


def test_a_login_from_another_page_is_refused(browser: httpx2.Client) -> None:
    for headers in ({"Origin": "http://example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post("/login", data={"token": TOKEN}, headers=headers).status_code == 403


def test_wrong_tokens_wait_for_each_other(guarded: Server) -> None:
    """Two cannot be tried within a second, and not many can wait."""
    request = f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}x\r\n\r\n".encode()
    begin = time.monotonic()
    with guarded.connect() as one, guarded.connect() as other:
        one.sendall(request)
        other.sendall(request)
        answers = [receive(one), receive(other)]
    assert [answer.split(b" ", 2)[1] for answer in answers] == [b"401", b"401"]
    assert time.monotonic() - begin >= 2


def test_a_login_that_is_wrong_says_so(browser: httpx2.Client) -> None:
    answer = browser.post("/login", data={"token": "wrong", "next": "/new"})
    page = soup_of(answer.text)
    assert (answer.status_code, text_of(page, "[role=alert]")) == (401, "That is not the token.")
    assert page.select_one("input[name=next][value='/new']")


@pytest.mark.slow
def test_not_many_wait_for_a_wrong_token(project: Path) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\r\n"
    with serving(project, DAGPRESS_TOKEN=TOKEN) as server:
        connections = [server.connect() for _ in range(21)]
        for connection in connections:
            connection.sendall(request)
        assert receive(connections[-1]).startswith(b"HTTP/1.1 429")
        for connection in connections:
            connection.close()
