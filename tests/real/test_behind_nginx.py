"""The Pipelines page behind a real nginx with the documented configuration, on another address, over TLS."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import nginx as proxies
import pytest
from nginx import Nginx, documented_options
from playwright.sync_api import Browser
from project_builder import EXTRACT_LOAD, write
from serving import Server, receive, serving

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("page")]

TOKEN = "a token of more than 16"  # noqa: S105  # of this test
ATTACKER, USER = "127.0.0.9", "127.0.0.3"
RIGHT = f"Authorization: Bearer {TOKEN}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("behind") / "the_project", {"schedules/a.yml": EXTRACT_LOAD})


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with proxies.nginx(tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture(scope="module")
def page(nginx: Nginx, project: Path) -> Iterator[Server]:
    options = (*documented_options(), *proxies.USER_HEADERS)
    with serving(project, *options, "--port", str(nginx.page_port), DAGPRESS_TOKEN=TOKEN) as server:
        yield server


def _request(nginx: Nginx, line: str, *headers: str, body: str = "") -> bytes:
    own = (f"Host: {proxies.NAME}:{nginx.port}", "Connection: close")
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{line} HTTP/1.1", *own, *headers, *length, "", body]).encode()


def _answer(nginx: Nginx, address: str, request: bytes) -> bytes:
    with nginx.connect(address) as connection:
        connection.sendall(request)
        return receive(connection)


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def _login(nginx: Nginx, origin: str) -> bytes:
    headers = ("Content-Type: application/x-www-form-urlencoded", f"Origin: {origin}", "X-Forwarded-Proto: https")
    return _request(nginx, "POST /login", *headers, body="token=" + TOKEN.replace(" ", "+"))


def _end(connection: ssl.SSLSocket) -> str:
    """Return how nginx closed an idle connection."""
    connection.settimeout(0.1)
    try:
        return receive(connection).decode().partition("\r\n")[0] or "closed"
    except TimeoutError:
        return "open"
    except OSError:
        return "closed"


def test_login_and_save(nginx: Nginx, project: Path, browser: Browser) -> None:
    with browser.new_context(ignore_https_errors=True) as context:
        tab = context.new_page()
        tab.goto(nginx.origin + "/edit/a.yml")
        tab.get_by_label("Token").fill(TOKEN)
        tab.get_by_role("button", name="Log in").click()
        tab.get_by_text("All other settings").click()
        tab.locator("#control-owner").fill("behind")
        tab.get_by_role("button", name="Save", exact=True).click()
        tab.get_by_role("heading", name="Changed a.yml").wait_for()
        (cookie,) = [cookie for cookie in context.cookies() if cookie.get("name", "").startswith("dagpress")]
        assert (cookie.get("secure"), cookie.get("sameSite")) == (True, "Strict")
    assert "owner: behind" in (project / "schedules/a.yml").read_text()


def test_other_origins_are_refused(nginx: Nginx) -> None:
    """Also with forged proxy headers."""
    assert _status(_answer(nginx, USER, _login(nginx, nginx.origin))) == 303
    for origin in ("https://example.com", nginx.origin.replace("https", "http"), f"https://{proxies.NAME}"):
        answer = _answer(nginx, USER, _login(nginx, origin))
        assert _status(answer) == 403
        assert b"--trusted-proxy" not in answer


def test_the_user_is_the_one_in_the_headers_of_nginx(nginx: Nginx, page: Server) -> None:
    """The documented configuration removes these headers from requests; without nginx, they are ignored."""
    forged = ("X-Forwarded-Email: eve@example.com", "x_forwarded_email: eve@example.com")
    answer = _answer(nginx, USER, _request(nginx, "GET /identity", RIGHT, *forged))
    assert b"You are logged in as <strong>ada</strong> (ada@example.com)" in answer
    around = _request(nginx, "GET /identity", RIGHT, "X-Forwarded-For: 127.0.0.2", *forged)
    assert b"did not send your name" in page.send(around)
    invalid = _request(nginx, "GET /identity", RIGHT).replace(b"\r\n\r\n", b"\r\nX-Forwarded-Email: \xff@a\r\n\r\n")
    assert b"did not send your name" in page.send(invalid)


def test_an_untrusted_proxy_is_named(nginx: Nginx, project: Path) -> None:
    """Logins are refused, and the response names the option."""
    with serving(project, "--allowed-host", proxies.NAME, DAGPRESS_TOKEN=TOKEN) as server:
        answer = server.send(_login(nginx, nginx.origin))
        assert _status(answer) == 403
        assert b"(to trust it: `dagpress serve --trusted-proxy 127.0.0.1`)" in answer


def test_guessing_the_token_slows_down_only_that_client(nginx: Nginx) -> None:
    """The page gets the client addresses from the proxy."""
    begin = time.monotonic()
    for number in range(3):
        wrong = ("Authorization: Bearer wrong", f"X-Forwarded-For: 192.0.2.{number}")
        assert _status(_answer(nginx, ATTACKER, _request(nginx, "GET /", *wrong))) == 401
    waited = time.monotonic() - begin
    assert waited > 3
    begin = time.monotonic()
    assert _status(_answer(nginx, USER, _request(nginx, "GET /", RIGHT))) == 200
    assert time.monotonic() - begin < waited


def test_large_bodies_do_not_reach_the_page(nginx: Nginx) -> None:
    assert _status(_answer(nginx, USER, _request(nginx, "POST /save", RIGHT, f"Content-Length: {5 << 20}"))) == 413


def test_slow_and_incomplete_requests_do_not_block_others(nginx: Nginx) -> None:
    """Headers have ten seconds in total, bodies ten between two reads, and a client address has twenty connections."""
    head = _request(nginx, "POST /login", "Content-Length: 4000")
    with ExitStack() as stack:
        slow, dripping, silent, too_many = (
            [stack.enter_context(nginx.connect(ATTACKER)) for _ in range(count)] for count in (200, 10, 10, 10)
        )
        for connection in slow:
            connection.sendall(head[:-2])
        for connection in (*dripping, *silent, *too_many):
            connection.sendall(head)
        begin, waits = time.monotonic(), []
        while time.monotonic() - begin < 13:
            for connection in (*slow, *dripping):
                # It can already be closed.
                with suppress(OSError):
                    connection.sendall(b"x")
            start = time.monotonic()
            assert _status(_answer(nginx, USER, _request(nginx, "GET /", RIGHT))) == 200
            waits.append(time.monotonic() - start)
            time.sleep(0.5)
        # nginx decides which of the last twenty come first.
        groups = slow, dripping, [*silent, *too_many]
        ends = [Counter(_end(connection) for connection in group) for group in groups]
    assert ends == [{"closed": 200}, {"open": 10}, {"closed": 10, "HTTP/1.1 429 Too Many Requests": 10}]
    # Others do not wait until these connections time out.
    assert max(waits) < 10
