"""The page of one pipeline in a real browser, which sends its timezone and reports errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe import violations
from browser import opened, served
from git_repository import isolate_git, repository_of
from playwright.sync_api import Browser, Page
from project_builder import EXTRACT_LOAD, dagpress, write

pytestmark = pytest.mark.slow
_TASKS = """\
after: {any: [p, q]}
interval: "30 5 * * *"
timezone: Europe/Berlin
schedule: "@daily"
tasks:
- {id: one, run: tap-a target-b, group: load}
- {id: two, command: ./check.sh}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline with dependencies and a history, and one invalid key."""
    sound = _TASKS.replace('schedule: "@daily"\n', "")
    files = {"schedules/a.yml": sound, "schedules/r.yml": "tasks: [x y]\nafter: [a]\n"}
    write(tmp_path, {**files, **{f"schedules/{name}.yml": EXTRACT_LOAD for name in ("p", "q", "50%2f#a?b")}})
    dagpress(tmp_path, "generate")
    isolate_git(monkeypatch, tmp_path)
    return repository_of(tmp_path)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser in Tokyo."""
    permissions = ["clipboard-read", "clipboard-write"]
    with opened(browser, timezone_id="Asia/Tokyo", color_scheme="dark", permissions=permissions) as page:
        yield page


def test_one_pipeline(project: Path, page: Page) -> None:
    with served(project) as address:
        page.goto(address)
        page.goto(f"{address.rstrip('/')}/pipelines/a.yml")
        page.get_by_role("columnheader", name="Your time, Asia/Tokyo").wait_for()
        page.get_by_text("First").wait_for()
        page.get_by_text("Changes in this commit").click()
        page.locator(".commits .patch", has_text="+- {id: one, run: tap-a target-b, group: load}").wait_for()
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == (project / "generated_dags/a.py").read_text()
        for details in page.locator("details").all():
            details.evaluate("details => { details.open = true; }")
        assert not violations(page)
        page.locator(".graph a", has_text="r").last.click()
        page.wait_for_url("**/pipelines/r.yml")
        page.wait_for_load_state("networkidle")


def test_a_pipeline_with_errors_and_an_odd_name(project: Path, page: Page) -> None:
    write(project, {"schedules/a.yml": _TASKS})
    with served(project) as address:
        page.goto(f"{address.rstrip('/')}/pipelines/a.yml")
        page.get_by_text("unknown-key").wait_for()
        page.get_by_text("modified").wait_for()
        assert not violations(page)
        page.goto(f"{address.rstrip('/')}/pipelines/50%252f%23a%3Fb.yml")
        assert page.locator("h1").inner_text() == "50%2f#a?b"
        page.get_by_role("link", name="Git history").wait_for(state="detached")
        page.get_by_role("link", name="Edit").click()
        page.wait_for_url("**/edit/50%252f%23a%3Fb.yml")
        page.wait_for_load_state("networkidle")
