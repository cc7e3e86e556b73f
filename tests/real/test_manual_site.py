"""The manual as a site in a real browser: accessible, in both widths and colours, without requests to other hosts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from axe import violations
from browser import opened
from environments import ROOT
from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

# A page of each kind: pictures, examples, long tables, commands, JSON, a rule, a drawing.
_PAGES = (
    "index",
    "guides/pipelines-page",
    "guides/operators",
    "reference/keys",
    "reference/commands",
    "reference/outputs",
    "rules/yaml-trap",
    "explanation/airflow-cost",
)


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    build = (Path(sys.executable).with_name("sphinx-build"), "--quiet", "--fail-on-warning", ROOT / "docs", folder)
    subprocess.run(build, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_the_pages_are_accessible_and_fit(browser: Browser, site: str, width: int, scheme: str) -> None:
    with opened(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as tab:
        requested: list[str] = []
        tab.on("request", lambda request: requested.append(request.url))
        for page in _PAGES:
            tab.goto(f"{site}{page}.html")
            assert (page, violations(tab)) == (page, [])
            overflow = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert (page, overflow) == (page, 0)
        assert requested
        assert [url for url in requested if not url.startswith(site)] == []


def test_the_search_finds_a_key_and_a_rule(browser: Browser, site: str) -> None:
    with opened(browser) as tab:
        for words, page in (
            ("retry_exponential_backoff", "reference/keys.html"),
            ("yaml-trap", "rules/yaml-trap.html"),
        ):
            tab.goto(site)
            tab.get_by_placeholder("Search").first.fill(words)
            tab.keyboard.press("Enter")
            tab.locator(f"#search-results a[href^='{page}']").first.wait_for()
