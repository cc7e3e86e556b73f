"""Security of the Pipelines page: origins, tokens, headers, paths and secrets."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Pages, soup_of, text_of
from project_builder import EXTRACT_LOAD, write
from serving import Server, serving
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from versions import NEWEST

from codegen.web import app
from codegen.web.app import PAGES
from codegen.web.shell.forms import MAX_BYTES
from codegen.web.shell.request_context import Page, RequestContext

OWN = "http://127.0.0.1:8484"
SECRET = "the-marker-of-a-secret"  # noqa: S105  # a fake secret
# Every URL, with values for its variable parts.
ADDRESSES = sorted({re.sub(r"{\w+(:path)?}", "a.yml", page.path) for page in PAGES})
# Paths into and next to the folder of a file.
TRICKS = (
    "../outside.yml",
    "..%2foutside.yml",
    "%2e%2e/outside.yml",
    "..%5coutside.yml",
    "....//outside.yml",
    "../../outside.yml",
    "..%252f..%252foutside.yml",
    "a.yml%00.css",
    "link.yml/../../outside.yml",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "a" * 5000,
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("safety")
    write(root, {"outside.yml": f"{SECRET}: 1\n", "project/dagpress.toml": f'airflow = "{NEWEST}"\n'})
    schedules = {
        "project/schedules/a.yml": EXTRACT_LOAD + f"owner: <script>alert('{'x' * 3}')</script>\n",
        "project/schedules/b.yml": EXTRACT_LOAD
        + "tags: ['\"><img src=x>', '{{ 1 + 1 }}']\n"
        + r'description: "</title><b>bold\u202e\u200b\x1b[2J"',
        "project/schedules/broken.yml": "<i>: [\n",
    }
    write(root, schedules)
    return root / "project"


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[Server]:
    """A server with secrets in its environment, such as the password of an unreachable Airflow."""
    names = ("TAP_GITLAB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DAGPRESS_AIRFLOW_USERNAME", "DAGPRESS_AIRFLOW_PASSWORD")
    url = {"DAGPRESS_AIRFLOW_URL": "http://127.0.0.1:1"}
    with serving(project, **dict.fromkeys(names, SECRET), **url) as server:
        yield server


def _with_page(monkeypatch: pytest.MonkeyPatch, root: Path, *pages: Page) -> TestClient:
    """Return the site with additional pages."""
    monkeypatch.setattr(app, "PAGES", (*PAGES, *pages))
    return TestClient(app.create_app(root, {}), base_url=OWN, raise_server_exceptions=False)


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# Hosts and origins


@pytest.mark.parametrize("host", ["127.0.0.1:8484", "localhost", "LOCALHOST:1", "[::1]:8484", "Pipelines.Example.com"])
def test_local_host_names_are_accepted(project: Path, host: str) -> None:
    client = TestClient(app.create_app(project, {}, ["pipelines.example.COM"]), base_url=OWN)
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "example.com:8484",
        "127.0.0.1.",
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",  # noqa: S104  # nothing listens there
        "localhost.example.com",
        "user@localhost",
        "localhost@example.com",
        "localhost:80:80",
        "localhost:",
        "localhost:port",
        "localhost/",
        "localhost#",
        "localhost\\",
        "[::1",
        "::1",
        "[::ffff:127.0.0.1]",
        "[localhost]",
        "localhost,example.com",
        "",
    ],
)
def test_other_host_names_are_rejected(project: Path, host: str) -> None:
    Pages(project).get("/", status=403, Host=host)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://127.0.0.1:8484",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "http://localhost:8484",
        OWN + ".x",
    ],
)
def test_requests_from_other_origins_are_rejected(project: Path, origin: str) -> None:
    Pages(project).get("/", status=403, Origin=origin)
    Pages(project).get("/", status=200, Origin=OWN)


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
        ("cross-site", "navigate", 200),
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),
    ],
)
def test_other_sites_can_only_link_to_our_pages(project: Path, site: str, mode: str, status: int) -> None:
    Pages(project).get("/", status, **{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})


# Requests that change state


def _change(context: RequestContext) -> Response:
    return PlainTextResponse("changed by " + context.form.get("who", "nobody"))


CHANGE = Page("/change", _change, "POST")


def test_a_form_needs_the_csrf_token(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = _with_page(monkeypatch, project, CHANGE)
    field = soup_of(client.get("/").text).select_one("input[name=csrf]")
    assert field
    token = str(field["value"])
    assert client.post("/change", data={"csrf": token, "who": "me"}).text == "changed by me"
    assert client.post("/change", data={"who": "me"}, headers={"X-CSRF-Token": token}).text == "changed by me"
    for wrong in ("", token[:-1], token + "x", "é"):
        assert client.post("/change", data={"csrf": wrong}).status_code == 403
    assert client.post("/change").status_code == 403
    for headers in ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, {"Origin": "null"}):
        assert client.post("/change", data={"csrf": token}, headers=headers).status_code == 403


def test_nothing_can_be_changed_without_the_csrf_token(project: Path) -> None:
    """On every page; the fields of the form are not read before."""
    client = TestClient(app.create_app(project, {}), base_url=OWN)
    changing = [page.path for page in PAGES if page.method != "GET"]
    answers = {path: client.post(re.sub(r"{\w+(:path)?}", "a.yml", path), data={"a": "b"}) for path in changing}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 403} == {}


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json", "text/plain", "x"])
def test_only_form_bodies_are_accepted(project: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    client = _with_page(monkeypatch, project, CHANGE)
    assert client.post("/change", content=b"--x\r\n{", headers={"Content-Type": kind}).status_code == 415


def test_a_body_that_is_too_large_is_rejected(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also without Content-Length."""
    client = _with_page(monkeypatch, project, CHANGE)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    parts = (b"a" * 65536 for _ in range(MAX_BYTES // 65536 + 1))
    assert client.post("/change", content=parts, headers=form).status_code == 413
    assert client.post("/change", content=b"a=" + b"b" * MAX_BYTES, headers=form).status_code == 413
    assert client.post("/change", content=b"a=" + b"b" * 3_000_000, headers=form).status_code == 403
    many = "&".join(f"a{number}=1" for number in range(5000)).encode()
    assert client.post("/change", content=many, headers=form).status_code in {400, 403}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_other_methods_are_rejected(project: Path, method: str) -> None:
    client = TestClient(app.create_app(project, {}), base_url=OWN)
    for address in ("/", "/static/page.css"):
        assert client.request(method, address).status_code in {403, 405}


def test_head_is_get_without_a_body(project: Path) -> None:
    client = TestClient(app.create_app(project, {}), base_url=OWN)
    assert (client.head("/").status_code, client.head("/nowhere").status_code) == (200, 404)


def test_websockets_are_rejected(project: Path) -> None:
    client = TestClient(app.create_app(project, {}), base_url=OWN)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass


# Responses


def test_every_response_has_security_headers(project: Path) -> None:
    """Also a rejection, a file and an internal error."""
    client = TestClient(app.create_app(project, {}), base_url=OWN)
    answers = [client.get(address) for address in ("/", "/nowhere", "/static/page.css", "/static/nothing")]
    answers += [client.get("/", headers={"Host": "example.com"}), client.put("/")]
    nonces = set()
    for answer in answers:
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        nonces.add(policy["script-src"])
        for sources in policy.values():
            assert re.fullmatch(r"'none'|'self'( 'nonce-[\w-]{20,}')?", sources)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Server" not in answer.headers
    assert len(nonces) == len(answers)
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert answers[2].headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("address", "status"), [("/nowhere", 404), ("/static/nothing.css", 404), ("/edit/no.yml", 404)]
)
def test_a_missing_page_has_our_error_page(project: Path, address: str, status: int) -> None:
    page = Pages(project).get(address, status)
    assert text_of(page, "h1") == "Not found"
    assert page.select_one("nav a[href='/']")


def test_an_internal_error_shows_no_values(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: RequestContext) -> Response:
        raise ValueError(SECRET)

    answer = _with_page(monkeypatch, project, Page("/fail", fail)).get("/fail")
    assert answer.status_code == 500
    assert "This is a bug in Dagpress" in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text


def test_values_are_escaped(project: Path) -> None:
    pages = Pages(project)
    for address in ["/", *ADDRESSES]:
        answer = pages.client.get(address)
        soup = soup_of(answer.text)
        assert not soup.select("b, i, img[src=x], [onerror], [onclick], [style]"), address
        for script in soup.select("script"):
            assert not script.get_text(strip=True) or script.get("nonce"), address
        assert "<script>alert" not in answer.text
        for form in soup.select("textarea, option, input"):
            form.decompose()
        assert str(soup).translate({10: None, 9: None}).isprintable(), address


# Files and secrets


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[:30])
def test_no_path_leads_outside_the_static_files(project: Path, server: Server, trick: str) -> None:
    """The bytes are sent unchanged: HTTP clients would normalize them."""
    (project / "schedules/link.yml").unlink(missing_ok=True)
    (project / "schedules/link.yml").symlink_to("../../outside.yml")
    bases = {page.path.partition("{")[0] for page in PAGES if "{" in page.path}
    for base in sorted({"/static/", "/static/vendor/", "/", *bases}):
        answer = server.send(f"GET {base}{trick} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert _status(answer) in {400, 404, 405}, (base, answer)
        assert SECRET.encode() not in answer
        assert b"root:" not in answer
    (project / "schedules/link.yml").unlink()


@pytest.mark.slow
def test_no_page_has_a_secret_of_the_environment(server: Server) -> None:
    """All pages that can be reached by links and plain requests; of many queries for one path, some."""
    found = ["/", *ADDRESSES]
    seen: dict[str, set[str]] = defaultdict(set)
    while found:
        address = found.pop()
        path, _, query = address.partition("?")
        if query in seen[path] or len(seen[path]) >= 4:
            continue
        seen[path].add(query)
        answer = server.send(
            f"GET {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        assert SECRET.encode() not in answer, address
        soup = soup_of(answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace"))
        links = [
            urlsplit(urljoin(server.url + address.lstrip("/"), str(link["href"]))) for link in soup.select("a[href]")
        ]
        found += [link._replace(scheme="", netloc="", fragment="").geturl() for link in links]
    assert "/" in seen


@given(
    address=st.sampled_from([*ADDRESSES, "/static/", "/nowhere/"]),
    more=st.text(max_size=30),
    query=st.dictionaries(
        st.sampled_from(["environment", "q", "sort", "owner", "tag", "timezone", "week", "hour"]) | st.text(max_size=5),
        st.sampled_from(["UTC", "2026-W01", "-1", "1e99", "Europe/../x", "\0"]) | st.text(max_size=20),
        max_size=3,
    ),
    headers=st.dictionaries(
        st.sampled_from(["Cookie", "Accept", "HX-Request", "Range", "If-None-Match", "If-Modified-Since", "Origin"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
        | st.sampled_from(["timezone=Etc/../UTC", "timezone=Europe/Paris", "bytes=0-1,5-", "true"]),
        max_size=3,
    ),
)
def test_every_request_gets_a_response(
    client: TestClient, address: str, more: str, query: dict[str, str], headers: dict[str, str]
) -> None:
    """Without an internal error: the client raises the exceptions of pages."""
    answer = client.get(address + _quoted(more), params=query, headers=headers, follow_redirects=False)
    assert answer.status_code < 500


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module")
def client(project: Path) -> TestClient:
    return TestClient(app.create_app(project, {}), base_url=OWN)


# Malformed HTTP


@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", {400}),
        (b"GET / HTTP/1.0\r\n\r\n", {403}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET http://example.com/ HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", {403}),
        (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", {400}),
        (b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
        (b"GARBAGE\r\n\r\n", {400}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", {200}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", {400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", {400}),
        (b"POST /save HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", {413}),
        (b"POST /save HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9" + b"9" * 18 + b"\r\n\r\n", {413}),
    ],
    ids=lambda value: repr(value[:60]) if isinstance(value, bytes) else "",
)
def test_malformed_http_is_rejected(server: Server, request_: bytes, statuses: set[int]) -> None:
    """A body that is too large is rejected before it is sent."""
    assert _status(server.send(request_)) in statuses
