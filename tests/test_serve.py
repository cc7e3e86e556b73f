"""The command `serve`: addresses, access control and shutdown."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import tomli
from click import ClickException
from environments import ROOT
from pages import form_of, soup_of, text_of
from processes import TIMEOUT
from project_builder import EXTRACT_LOAD, dagpress, write
from serving import Server, launcher, receive, serving, started
from starlette.testclient import TestClient

from codegen.cli.serving import how_to_install_extra
from codegen.web.app import create_app
from codegen.web.shell import attempts
from codegen.web.shell.attempts import Attempts

TOKEN = "a token of more than 16"  # noqa: S105  # of this test
FORM = "application/x-www-form-urlencoded"
ANYWHERE = "0.0.0.0"  # noqa: S104  # under test

_WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from codegen.cli.main import run
run()
"""


def _extra() -> list[str]:
    """Return the modules of the extra `serve`."""
    configuration = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = configuration["project"]["optional-dependencies"]["serve"]
    return [name.partition(">=")[0].replace("-", "_") for name in names]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("serve") / "the_project", {"schedules/a.yml": EXTRACT_LOAD})


@pytest.fixture(scope="module")
def guarded(project: Path) -> Iterator[Server]:
    """A page that is reachable from other machines."""
    with serving(
        project, "--host", ANYWHERE, "--allowed-host", "pipelines.example.com", DAGPRESS_TOKEN=TOKEN
    ) as server:
        yield server


@pytest.fixture
def browser(project: Path) -> TestClient:
    """A client without a login or previous attempts."""
    return TestClient(create_app(project, {}, token=TOKEN), base_url="http://127.0.0.1:8484")


def _refusal(project: Path, *arguments: str) -> str:
    with pytest.raises(ClickException) as refusal:
        dagpress(project, "serve", *arguments)
    assert refusal.value.exit_code in {1, 2}
    return refusal.value.message


def _get(server: Server, host: str) -> bytes:
    return server.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).split(b" ", 2)[1]


# Addresses


@pytest.mark.slow
def test_it_shuts_down_quietly_with_an_open_connection(project: Path) -> None:
    """On Ctrl+C, with exit code 0 and without further output."""
    with started(project) as server, server.connect() as idle, server.connect() as slow:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert receive(idle).startswith(b"HTTP/1.1 401")
        slow.sendall(b"GET / HTTP/1.1\r\n")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=TIMEOUT) == 0
        address = f"{server.url}?token={server.token}"
        assert server.log.read_text() == f"Serving the pipelines of the_project at {address} (Ctrl+C to stop)\n"


@pytest.mark.slow
def test_the_file_that_opens_the_browser_is_private(project: Path, tmp_path: Path) -> None:
    """Process arguments are public, so they contain no token. The file is removed at the end."""
    opened = launcher(tmp_path)
    with started(project, "--open", PATH=opened.path) as server:
        page = opened.file()
        assert _get(server, "localhost") == b"401"
        assert server.token in page.read_text()
        assert page.stat().st_mode & 0o777 == 0o600
        arguments = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
        assert server.token.encode() not in arguments
        server.process.terminate()
        assert server.process.wait(timeout=TIMEOUT) == 0
        assert not page.exists()


@pytest.mark.slow
def test_it_listens_on_ipv6(project: Path) -> None:
    with serving(project, "--host", "::1") as server:
        assert server.url == f"http://[::1]:{urlsplit(server.url).port}/"
        assert _get(server, urlsplit(server.url).netloc) == b"200"
        assert _get(server, "[::2]") == b"403"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--host", "192.0.2.1"), "cannot listen on 192.0.2.1:0: "),
        (("--host", "nowhere.invalid"), "cannot listen on nowhere.invalid:0: "),
        *((("--no-token", "--host", host), "`--no-token` is for 127.0.0.1") for host in (ANYWHERE, "::")),
        *((("--trusted-proxy", proxy), "an address or a network") for proxy in ("x", "*", "", "10.0.0.1/8", "::1:80x")),
        *((("--allowed-host", name), "a name without a port") for name in ("a:80", "http://a", "*", "", "[::1]")),
    ],
)
def test_invalid_options_are_errors(project: Path, options: tuple[str, ...], expected: str) -> None:
    assert expected in _refusal(project, "--port", "0", *options)


def test_a_port_in_use_is_an_error(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        hint = "pass another one as `--port`; 0 is any free port"
        expected = f"cannot listen on 127.0.0.1:{port}: Address already in use ({hint})"
        assert _refusal(project, "--port", port) == expected


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("uv-receipt.toml", "uv tool install"),
        ("pipx_metadata.json", "pipx install --force"),
        ("pyvenv.cfg", "pip install"),
    ],
)
def test_the_command_for_the_extra_is_that_of_the_installer(
    file: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command suits the program that made the environment."""
    write(tmp_path, {file: ""})
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert how_to_install_extra() == f"{command} 'dagpress[serve]'"


def test_an_address_of_another_machine_is_an_error(project: Path) -> None:
    message = _refusal(project, "--host", "192.0.2.1", "--port", "0")
    assert message.startswith("cannot listen on 192.0.2.1:0: ")
    assert message.endswith("(pass a name or an address of this machine as `--host`)")


@pytest.mark.slow
@pytest.mark.parametrize("missing", _extra())
def test_a_missing_extra_is_an_error_with_a_fix(project: Path, missing: str) -> None:
    command = [sys.executable, "-c", _WITHOUT, missing, "--project", str(project), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        output = process.stderr.readline()
        process.kill()
    assert output == f"Error: the Pipelines page requires {missing} (install it: pip install 'dagpress[serve]')\n"


def test_a_broken_configuration_is_reported_as_by_other_commands(tmp_path: Path) -> None:
    write(tmp_path, {"dagpress.toml": "airflow = 3\n"})
    code, _, err = dagpress(tmp_path, "generate")
    assert (code, dagpress(tmp_path, "serve")) == (2, (2, "", err))
    assert "dagpress.toml:1" in err


# Access control


def test_a_token_must_be_long_or_turned_off(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGPRESS_TOKEN", "x" * 15)
    for host in (ANYWHERE, "127.0.0.1"):
        assert "fewer than 16 characters" in _refusal(project, "--port", "0", "--host", host)
    assert "cannot be combined with DAGPRESS_TOKEN" in _refusal(project, "--port", "0", "--no-token")


@pytest.mark.slow
def test_other_local_users_have_no_access(project: Path) -> None:
    """The real user `nobody`, who knows everything except the owner's memory and private files."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    body = "file=a.yml&base=&text=tasks:%0A- {id: mine, command: id}%0A"
    requests = (
        "GET / HTTP/1.1\r\n",
        "GET /?token=0123456789abcdef HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nCookie: dagpress-{port}=0123456789abcdef\r\n",
        f"POST /save HTTP/1.1\r\nContent-Length: {len(body)}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
    )
    with started(project) as server:
        port = urlsplit(server.url).port
        for request in requests:
            sent = f"{request.format(port=port)}Host: localhost\r\nConnection: close\r\n\r\n"
            # A server resets a connection with an unannounced body.
            sent += body if request.startswith("POST") else ""
            script = f'exec 3<>/dev/tcp/127.0.0.1/{port} && printf %s "$1" >&3 && cat <&3'
            command = ["bash", "-c", script, "bash", sent]
            answer = subprocess.run(command, user="nobody", cwd="/", capture_output=True, check=True).stdout
            assert answer.startswith(b"HTTP/1.1 401 ")
            assert b"csrf" not in answer
        command = ["cat", f"/proc/{server.process.pid}/environ", f"/proc/{server.process.pid}/mem"]
        assert subprocess.run(command, user="nobody", cwd="/", capture_output=True, check=False).stdout == b""
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_a_page_for_other_machines_accepts_the_allowed_hosts(guarded: Server) -> None:
    for host in ("127.0.0.1", "localhost", "pipelines.example.com", "PIPELINES.example.com:443"):
        assert _get(guarded, host) == b"401"
    for host in ("example.com", "pipelines.example.com.evil.com", "192.0.2.1"):
        assert _get(guarded, host) == b"403"


@pytest.mark.parametrize(
    "address", ["/", "/new", "/edit/a.yml", "/nowhere", "/login", "/static", "//static/x", "/Static/"]
)
def test_without_the_token_no_page_is_shown(browser: TestClient, address: str) -> None:
    """Not even which pages exist, or the name of the project."""
    for answer in (browser.get(address), browser.post(address), browser.put(address)):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "the_project" not in answer.text
        assert "csrf" not in answer.text
        assert "Set-Cookie" not in answer.headers


def test_the_token_logs_in_and_redirects(browser: TestClient) -> None:
    page = soup_of(browser.get("/edit/a.yml?x=1&y=%20").text)
    for link in page.select("link[href]"):
        assert browser.get(str(link["href"])).status_code == 200
    form = form_of(page)
    wrong = browser.post("/login", data=form | {"token": "wrong"})
    assert (wrong.status_code, text_of(soup_of(wrong.text), "[role=alert]")) == (401, "Wrong token.")
    assert form_of(soup_of(wrong.text)) == form
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
def test_the_login_redirects_to_no_other_site(browser: TestClient, address: str) -> None:
    answer = browser.post("/login", data={"token": TOKEN, "next": address}, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_the_url_with_the_token_logs_in_and_is_replaced(browser: TestClient) -> None:
    for address in (f"/?token={TOKEN}", "/?token=old"):
        answer = browser.get(address, follow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get("/").status_code == 200
    browser.cookies.clear()
    page = soup_of(browser.get("/?token=old").text)
    assert text_of(page, "[role=alert]") == "Wrong token."
    assert "dagpress serve" in text_of(page, "#where")
    assert "old" not in str(page)


def test_programs_send_the_token(browser: TestClient) -> None:
    assert browser.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert browser.get("/", headers={"Authorization": "Basic abc"}).status_code == 401


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"--y", 415),
        (FORM, b"token=" + b"a" * 16_384, 413),
        (FORM, b"&" * 4_000_000, 413),
        (FORM, b"&" * 16_000, 413),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_a_login_is_a_small_form(browser: TestClient, kind: str, body: bytes, status: int) -> None:
    assert browser.post("/login", content=body, headers={"Content-Type": kind}).status_code == status
    parts = (body[start : start + 9000] for start in range(0, len(body), 9000))
    assert browser.post("/login", content=parts, headers={"Content-Type": kind}).status_code == status


def test_a_login_from_another_page_is_refused(browser: TestClient) -> None:
    for headers in ({"Origin": "http://example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post("/login", data={"token": TOKEN}, headers=headers).status_code == 403


def test_guessing_is_throttled_per_address() -> None:
    """The delay grows to a limit and expires; an IPv6 client is a network of 64 bits."""
    clock = [0.0]
    tried = Attempts(lambda: clock[0])
    waits = [tried.begin("192.0.2.1") for _ in range(50)]
    assert waits == [0, 1, 2, 3, 4, *[5] * 45]
    assert [tried.begin(f"2001:db8::{number}") for number in range(3)] == [0, 1, 2]
    for free in ("192.0.2.2", "2001:db8:0:1::1", "unknown"):
        assert tried.begin(free) == 0
        # One was right.
        tried.subtract(free)
        assert tried.begin(free) == 0
    assert tried.begin("::ffff:192.0.2.1") == 5
    clock[0] = 61
    assert [tried.begin("192.0.2.1") for _ in range(2)] == [0, 1]
    for number in range(1000):
        tried.begin(f"10.0.{number // 256}.{number % 256}")
    tried.subtract("192.0.2.1")
    assert tried.begin("192.0.2.1") == 0


def test_the_right_token_logs_in_while_others_guess_from_the_same_address(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the same delay as their attempts; other addresses are not delayed."""
    monkeypatch.setattr(attempts, "_STEP", 0.1)
    monkeypatch.setattr(attempts, "_MAX_DELAY", 0.3)
    app, answered = create_app(project, {}, token=TOKEN), list[tuple[str, int]]()

    async def ask(address: str, token: str) -> None:
        transport = httpx2.ASGITransport(app, client=(address, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answered.append((address, (await client.get("/", params={"token": token})).status_code))

    async def ask_all() -> None:
        guesses = [ask("192.0.2.1", f"{TOKEN}{number}") for number in range(50)]
        await asyncio.gather(*guesses, ask("192.0.2.1", TOKEN), ask("192.0.2.2", TOKEN))

    # The browser of other tests has a running event loop in this thread.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, ask_all()).result()
    same, other = answered.index(("192.0.2.1", 303)), answered.index(("192.0.2.2", 303))
    assert other < same
    assert len(answered) == 52
