"""A real browser for tests: Debian's Chromium, and the Pipelines page of a project in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_PACKAGES = ("chromium", "fonts-dejavu-core")
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
    """Launch it. Skips the test, and says why, where there is none and none can be installed."""
    _install()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(project: Path, *options: str, **env: str) -> Iterator[str]:
    """Run `dagpress serve` in a project, on a free port; gives the address of its first page."""
    with serving(project, *options, **env) as server:
        yield server.url


def _install() -> None:
    """Install what is missing, one process at a time: the tests run in several."""
    with (Path(tempfile.gettempdir()) / "dagpress-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shutil.which("chromium"):
            return
        if os.geteuid() or not shutil.which("apt-get"):
            pytest.skip("there is no Chromium, and only root on Debian can install one")
        environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *_PACKAGES]):
            command = ["apt-get", "--quiet", "--quiet", *arguments]
            done = subprocess.run(command, env=environ, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                pytest.skip(f"there is no Chromium, and Debian's cannot be installed:\n{done.stdout[-2000:]}")
