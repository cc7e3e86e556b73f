"""The login in a real browser: with the printed URL, `--open`, a link on another site, and after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback_servers import Reply, closed_port, replying
from playwright.sync_api import Browser
from project_builder import EXTRACT_LOAD, write
from serving import launcher, started

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("login") / "the_project", {"schedules/a.yml": EXTRACT_LOAD})


@pytest.mark.parametrize("by", ["the printed address", "--open"])
def test_the_token_logs_in_and_is_stored_nowhere(project: Path, browser: Browser, tmp_path: Path, by: str) -> None:
    """The session cookie is strict, and works after a link from another site or a file."""
    desktop = launcher(tmp_path)
    with started(project, "--open", PATH=desktop.path) as server, browser.new_context() as context:
        page = context.new_page()
        sent: list[dict[str, str]] = []
        page.on("request", lambda request: sent.append({"url": request.url, **request.all_headers()}))
        page.goto(f"{server.url}?token={server.token}" if by != "--open" else desktop.file().as_uri())
        page.get_by_role("heading", name="Pipelines", exact=True).wait_for()
        assert page.url == server.url
        assert not [each for each in sent if server.token in each.get("referer", "")]
        assert [request["url"] for request in sent if server.token in request["url"]] == [
            f"{server.url}?token={server.token}"
        ]
        page.go_back()
        assert server.token not in page.url
        (cookie,) = [cookie for cookie in context.cookies() if cookie.get("name", "").startswith("dagpress")]
        assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("expires")) == (True, "Strict", -1)
        link = f"<a href={server.url}pipelines/a.yml>a pipeline</a>".encode()
        with replying({"": Reply(link, headers={"Content-Type": "text/html"})}) as other:
            page.goto(f"http://localhost:{other.port}/")
            page.get_by_text("a pipeline").click()
            page.get_by_role("heading", name="a", exact=True).wait_for()
        page.goto(f"{server.url}new")
        page.get_by_label("Name of the pipeline").fill(tmp_path.name)
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Not saved").wait_for()


def test_after_a_restart_the_page_explains_how_to_log_in(project: Path, browser: Browser) -> None:
    port = str(closed_port())
    with browser.new_context() as context:
        page = context.new_page()
        for _ in range(2):
            with started(project, "--port", port) as server:
                page.goto(server.url)
                page.get_by_text("dagpress serve prints the address with the token").wait_for()
                page.get_by_label("Token").fill(server.token)
                page.get_by_role("button", name="Log in").click()
                page.get_by_role("heading", name="Pipelines", exact=True).wait_for()
