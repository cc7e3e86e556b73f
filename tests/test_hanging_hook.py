"""A hanging git hook: the page shows it, other requests are answered, and it ends with the commit or the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import httpx2
import pytest
from git_repository import git, hook, isolate_git, repository_of
from pages import Pages, form_of, soup_of, text_of
from processes import TIMEOUT, has_ended, held, wait_for_process
from project_builder import EXTRACT_LOAD, write
from serving import Server, serving

from codegen.web.shell import operations

pytestmark = pytest.mark.slow

_DAGPRESS = Path(sys.executable).with_name("dagpress")
# The hook and its child ignore signals.
_HOOK = "trap '' INT TERM HUP; echo checking types; sleep 300 & echo $! > child; echo $$ > pid; wait; sleep 300"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolate_git(monkeypatch, tmp_path)
    repository = repository_of(tmp_path / "project")
    (repository / ".git/info").mkdir()
    write(repository, {".git/info/exclude": "pid\nchild\n", "schedules/a.yml": EXTRACT_LOAD})
    hook(repository, "pre-commit", _HOOK)
    return repository


@pytest.fixture
def server(project: Path) -> Iterator[Server]:
    with serving(project) as server:
        yield server


@pytest.fixture
def browser(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, follow_redirects=True, timeout=TIMEOUT) as client:
        yield client


def _commit(project: Path, browser: httpx2.Client) -> httpx2.Response:
    """Start a commit that waits for its hook, and return its page."""
    page = browser.post("/commit", data=form_of(soup_of(browser.get("/commit").text)))
    wait_for_process(project / "pid")
    return browser.get(page.url)


def test_a_hanging_hook_blocks_no_requests_and_can_be_cancelled(
    project: Path, server: Server, browser: httpx2.Client
) -> None:
    before = git(project, "status", "--porcelain")
    page = _commit(project, browser)
    csrf = {"csrf": form_of(soup_of(page.text))["csrf"]}
    waiting = text_of(soup_of(page.text), "main")
    assert "Waiting for git and its hooks for" in waiting
    assert "checking types" in waiting
    banner = soup_of(browser.get("/").text).select_one("[role=status] a")
    assert banner
    assert banner["href"] == page.url.path
    refused = browser.post("/generate", data=csrf)
    assert refused.status_code == 503
    assert "a commit has been waiting for git and its hooks for" in text_of(soup_of(refused.text), "main")
    os.kill(int((project / "pid").read_text()), 0)  # the hook is running: no request has waited for it
    words = ("schedule", "set", "a", "--interval", "@hourly")
    command = [str(_DAGPRESS), "--project", str(project), "--lock-timeout", "2", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    whose = f"another dagpress command in this project (process {server.process.pid}: dagpress --project"
    assert done.stderr.startswith(f"Waiting for {whose}")
    cancelled = browser.post(page.url, data=csrf)
    assert cancelled.status_code == 422
    output = text_of(soup_of(cancelled.text), "[role=alert]")
    assert output == "Nothing was committed. `git commit` was cancelled Its last line of output was: checking types"
    assert has_ended(project / "pid")
    assert has_ended(project / "child")
    assert git(project, "status", "--porcelain") == before
    assert git(project, "branch", "--format=%(refname:short)") == "main"
    assert browser.post("/generate", data=csrf).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_hook_ends_with_the_server(
    project: Path, server: Server, browser: httpx2.Client, number: signal.Signals
) -> None:
    _commit(project, browser)
    server.process.send_signal(number)
    assert server.process.wait(timeout=100) == 0
    assert has_ended(project / "pid")
    assert has_ended(project / "child")
    assert git(project, "branch", "--format=%(refname:short)") == "main"
    assert not list((project / ".git").glob("*.lock"))


def test_requests_that_wait_for_the_lock_do_not_use_up_the_threads(project: Path) -> None:
    """With more such requests than threads."""
    with held(project), serving(project) as server, httpx2.Client(base_url=server.url, timeout=TIMEOUT) as browser:
        csrf = {"csrf": form_of(soup_of(browser.get("/").text))["csrf"]}
        with ThreadPoolExecutor(100) as pool:
            crowd = [pool.submit(browser.post, "/save", data={**csrf, "file": "b.yml"}) for _ in range(100)]
            time.sleep(1)
            for address in ("/static/page.js", "/", "/commit", "/new"):
                assert browser.get(address).status_code == 200
            assert not all(one.done() for one in crowd)
            server.process.terminate()
            assert server.process.wait(timeout=TIMEOUT) == 0
            wait(crowd)


def test_a_hook_ends_after_its_page_is_closed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_PAGE_TIMEOUT", 2)
    pages = Pages(project)
    form = form_of(pages.get("/commit"))
    pages.client.post("/commit", data=form)
    wait_for_process(project / "pid")
    refused = pages.client.post("/commit", data=form)
    assert refused.status_code == 503
    assert has_ended(project / "pid")
    assert has_ended(project / "child")
