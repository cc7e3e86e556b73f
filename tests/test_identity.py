"""The user of a request: entered once, or sent by a trusted proxy."""

from __future__ import annotations

from pathlib import Path

import pytest
from click import ClickException
from pages import Pages, form_of, soup_of, text_of
from project_builder import EXTRACT_LOAD, dagpress, write
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from codegen.web import app
from codegen.web.app import PAGES, create_app
from codegen.web.shell.request_context import Page, RequestContext

PROXY, OTHER = "10.0.0.2", "10.0.0.3"
HEADERS = ("X-Forwarded-Preferred-Username", "X-Forwarded-Email")
NAME, EMAIL = (header.encode() for header in HEADERS)


def _user_of(context: RequestContext) -> Response:
    return PlainTextResponse(repr(context.person and str(context.person)))


def _nothing(_context: RequestContext) -> None:
    """Prepare nothing in the worker."""


def _in_worker(context: RequestContext) -> Response:
    return context.in_worker(_nothing, _user_of)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("identity"), {"schedules/a.yml": EXTRACT_LOAD})


@pytest.fixture(autouse=True)
def _page_with_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "PAGES", (*PAGES, Page("/person", _user_of), Page("/draft", _in_worker)))


def _behind_a_proxy(project: Path, peer: str = PROXY) -> TestClient:
    served = create_app(project, {}, proxies=["10.0.0.2/32"], user_headers=HEADERS)
    return TestClient(served, base_url="http://127.0.0.1:8484", client=(peer, 1))


@pytest.mark.parametrize(
    ("name", "email", "problem"),
    [
        ("", "ada@example.com", "Enter your name."),
        (". ,", "ada@example.com", "Enter your name."),
        ("Ada <x@y>", "ada@example.com", "Remove `<` and `>`."),
        ("Ada\r\nBob", "ada@example.com", "Remove the line breaks and invisible characters."),
        ("Ada\u202e", "ada@example.com", "Remove the line breaks and invisible characters."),
        ("A" * 201, "ada@example.com", "Use 200 characters at most."),
        *(("Ada", email, "Enter an address such as ada@example.com.") for email in ("", "ada", "a b@c", "a@b@c", "@b")),
        ("Ada", "ada@example.com>", "Remove `<` and `>`."),
    ],
)
def test_a_name_that_git_rejects_is_reported_at_its_field(project: Path, name: str, email: str, problem: str) -> None:
    pages = Pages(project)
    page = pages.post("/identity", {"name": name, "email": email, "next": "/new"}, 422)
    wrong = page.select("[aria-invalid]")
    assert [text_of(page, f"#{each['aria-describedby']}") for each in wrong] == [problem]
    kept = {"csrf": pages.token, "name": name.replace("\r\n", "\n").replace("\n", "\r\n").strip(), "email": email}
    assert form_of(page) == {**kept, "next": "/new"}
    assert not pages.client.cookies


def test_a_user_is_asked_once(project: Path) -> None:
    pages = Pages(project)
    assert pages.text("/person") == "None"
    form = form_of(pages.get("/identity?next=/person"))
    answer = pages.client.post("/identity", data={**form, "name": " Ünal: 1;2 ", "email": "u@example.com"})
    assert (answer.url.path, answer.text) == ("/person", "'Ünal: 1;2 <u@example.com>'")
    cookie = answer.history[0].headers["Set-Cookie"]
    assert cookie.startswith("dagpress-person-8484=")
    assert {"HttpOnly", "SameSite=strict", "Max-Age=31536000"} <= {*cookie.split("; ")}
    form = form_of(pages.get("/identity"))
    assert (form["name"], form["email"]) == ("Ünal: 1;2", "u@example.com")
    for elsewhere in ("//example.com", "https://example.com", "", "/\\example.com"):
        answer = pages.client.post("/identity", data={**form, "next": elsewhere}, follow_redirects=False)
        assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("cookie", ["x", ":", "Ada:", "Ada%0A:a@b", "%3C:a@b", "Ada:a@b%00", "%ff%00:a@b"])
def test_a_forged_cookie_is_ignored(project: Path, cookie: str) -> None:
    assert Pages(project).text("/person", cookie=f"dagpress-person-8484={cookie}") == "None"


@pytest.mark.parametrize(
    ("headers", "person"),
    [
        ([b"ada", b"ada@example.com"], "ada <ada@example.com>"),
        (["Ünal Ç".encode(), b"u@example.com"], "Ünal Ç <u@example.com>"),
        ([b"", b"ada.l@example.com"], "ada.l <ada.l@example.com>"),
        ([b"ada@corp.example", b"ada@example.com"], "ada <ada@corp.example>"),
        ([b"ada", b""], None),
        ([b"Ada <x", b"ada@example.com"], None),
        ([b"ada", b"ada@example.com, bob@example.com"], None),
    ],
)
def test_a_trusted_proxy_sends_the_user(project: Path, headers: list[bytes], person: str | None) -> None:
    sent = [*zip((NAME, EMAIL), headers, strict=True), (b"X-Forwarded-For", b"192.0.2.1")]
    assert _behind_a_proxy(project).get("/person", headers=sent).text == repr(person)
    # Other clients cannot, even if they claim to be the proxy.
    forged = [*sent[:2], (b"X-Forwarded-For", PROXY.encode())]
    assert _behind_a_proxy(project, OTHER).get("/person", headers=forged).text == "None"


def test_a_user_from_the_proxy_cannot_be_edited(project: Path) -> None:
    client = _behind_a_proxy(project)
    sent = [(EMAIL, b"ada@example.com"), (EMAIL.lower(), b"eve@example.com")]
    client.headers["Cookie"] = "dagpress-person-8484=Eve:eve@example.com"
    assert client.get("/person", headers=sent).text == "None"
    page = soup_of(client.get("/identity").text)
    assert "X-Forwarded-Email must contain a valid e-mail address" in text_of(page, "main")
    token = form_of(page)["csrf"]
    answer = client.post("/identity", data={"csrf": token, "name": "Eve", "email": "eve@example.com"})
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (422, False)
    assert "You are logged in as" in client.get("/identity", headers=sent[:1]).text


def test_headers_count_only_with_a_proxy(project: Path) -> None:
    for options, expected in (
        (("--user-header", "X-Forwarded-Email"), "`--user-header` requires `--trusted-proxy`"),
        (("--trusted-proxy", PROXY, "--user-header", "X Email:"), "expected the name of a header"),
    ):
        with pytest.raises(ClickException) as refusal:
            dagpress(project, "serve", "--port", "0", *options)
        assert expected in refusal.value.message
    client = Pages(project).client
    assert client.get("/person", headers={HEADERS[1]: "ada@example.com"}).text == "None"


def test_a_draft_has_its_user(project: Path) -> None:
    """The worker that renders it gets no cookie."""
    pages = Pages(project)
    assert pages.text("/draft", cookie="dagpress-person-8484=Ada:ada%40example.com") == "'Ada <ada@example.com>'"
