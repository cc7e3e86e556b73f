"""A real browser for tests: Debian's Chromium, and the Pipelines page of a project in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from debian import install
from playwright.sync_api import Browser, Page, expect, sync_playwright
from processes import PATIENCE
from serving import serving

# It may load nothing but our page, and asks nobody for anything.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """Launch it; skips the test where there is none and none can be installed."""
    expect.set_options(timeout=PATIENCE * 1000)
    install("Chromium", ("chromium",), ("chromium", "fonts-dejavu-core"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session", name="browser")
def _browser() -> Iterator[Browser]:
    """A real browser, the same for all tests of a process."""
    with launched_browser() as browser:
        yield browser


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """Open an empty page in a context of its own; whatever the browser complains of fails the test."""
    with browser.new_context(**options) as context:
        context.set_default_timeout(PATIENCE * 1000)
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        assert not complaints


@contextmanager
def served(project: Path, *options: str, **env: str) -> Iterator[str]:
    """Run `dagpress serve` in a project, on a free port; gives the address of its first page."""
    with serving(project, *options, **env) as server:
        yield server.url
