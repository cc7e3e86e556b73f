"""Starts Debian's Chromium for tests, and the Pipelines page of a project."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from debian import install
from playwright.sync_api import Browser, Page, expect, sync_playwright
from processes import TIMEOUT
from serving import serving

# It loads only our pages, and makes no other requests.
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
    """Launch the browser; skip the test if it is not installed and cannot be."""
    expect.set_options(timeout=TIMEOUT * 1000)
    install("Chromium", ("chromium",), ("chromium", "fonts-dejavu-core"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session", name="browser")
def _browser() -> Iterator[Browser]:
    """A real browser, shared by all tests of a process."""
    with launched_browser() as browser:
        yield browser


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """Open an empty page in a new context; any error in the browser fails the test."""
    with browser.new_context(**options) as context:
        context.set_default_timeout(TIMEOUT * 1000)
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        assert not complaints


@contextmanager
def served(project: Path, *options: str, **env: str) -> Iterator[str]:
    """Run `dagpress serve` in a project, on a free port, and yield the URL of its first page."""
    with serving(project, *options, **env) as server:
        yield server.url
