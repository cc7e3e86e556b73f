"""Creating, saving and committing a pipeline in a real browser, and a killed server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from axe import violations
from browser import served
from git_repository import git, hook, isolate_git, repository_of
from playwright.sync_api import Browser, Page
from project_builder import EXTRACT_LOAD, dagpress, write

pytestmark = pytest.mark.slow
_HOURLY = EXTRACT_LOAD.replace("@daily", "@hourly")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one schedule, generated and committed."""
    isolate_git(monkeypatch, tmp_path)
    root = write(tmp_path / "project", {"schedules/a.yml": EXTRACT_LOAD})
    assert dagpress(root, "generate")[0] == 0
    return repository_of(root)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser tab; errors of scripts fail the test."""
    with browser.new_context() as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert not errors


def _type_yaml(page: Page, text: str) -> None:
    """Type into the editor, once it has replaced the text field."""
    page.wait_for_load_state("load")
    page.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def _yaml(page: Page) -> str:
    """Return the text that the editor would send."""
    return page.locator("textarea[name=text]").input_value()


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def _is_accessible(page: Page) -> None:
    """Assert that axe finds no violation, in light and dark mode, and that a phone shows the full width."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not violations(page)
    size = page.viewport_size
    assert size
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size(size)


def test_a_pipeline_is_created_fixed_saved_and_committed(project: Path, page: Page) -> None:
    with served(project) as url:
        page.goto(f"{url}new")
        page.get_by_label("Name of the pipeline").fill("shop")
        page.get_by_label("Folder", exact=True).select_option("new folder…")
        page.get_by_label("Name of the new folder").fill("team")
        _type_yaml(page, _HOURLY.replace("loader", "laoder"))
        _press(page, "Save")
        page.get_by_text("Not saved").wait_for()
        page.get_by_text("did you mean loader?").first.wait_for()
        assert not (project / "schedules/team").exists()
        _type_yaml(page, "# of the shop\n" + _HOURLY)
        _press(page, "Save")
        page.get_by_role("heading", name="Added team/shop.yml").wait_for()
        _is_accessible(page)
        assert (project / "schedules/team/shop.yml").read_text() == "# of the shop\n" + _HOURLY
        assert "not-in-git" in dagpress(project, "check")[2]
        page.reload()
        page.get_by_label("Message").fill("Add the shop")
        _press(page, "Commit")
        page.get_by_role("heading", name="Your change is committed").wait_for()
        assert dagpress(project, "check")[0] == 0
        git(project, "init", "--quiet", "--bare", "../remote.git")
        git(project, "remote", "add", "origin", "../remote.git")
        page.reload()
        _is_accessible(page)
        _press(page, "Push")
        page.get_by_role("heading", name="Next: ask for a review").wait_for()
        _is_accessible(page)
        assert git(project.parent / "remote.git", "branch", "--format=%(refname:short)") == "dagpress/shop"
    shown = git(project, "show", "--format=%s %an", "--name-only", "dagpress/shop").split("\n")
    assert shown == ["Add the shop Ada", "", "generated_dags/team/shop.py", "schedules/team/shop.yml"]
    assert git(project, "status", "--porcelain", "--branch") == "## dagpress/shop...origin/dagpress/shop"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_page_of_a_commit_shows_the_output_of_its_hook_and_the_result(
    project: Path, browser: Browser, *, scripts: bool
) -> None:
    """It polls with JavaScript, and reloads without."""
    hook(project, "pre-commit", "echo checking types; while [ ! -e .git/go ]; do sleep 0.1; done; exit 1")
    write(project, {"schedules/b.yml": _HOURLY})
    with served(project) as url, browser.new_context(java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(f"{url}commit")
        _press(page, "Commit")
        page.get_by_text("checking types").wait_for()
        page.get_by_text(re.compile(r"for ([3-9]|\d\d) seconds")).wait_for()
        if scripts:
            _is_accessible(page)
        page.get_by_role("button", name="Cancel the commit").wait_for()
        (project / ".git/go").touch()
        page.get_by_text("Nothing was committed.").wait_for()
        (project / ".git/hooks/pre-commit").unlink()
        _press(page, "Commit")
        page.get_by_role("heading", name="Committed").wait_for()


def test_two_users_edit_the_same_file(project: Path, page: Page) -> None:
    with served(project) as url:
        page.goto(f"{url}edit/a.yml")
        _type_yaml(page, EXTRACT_LOAD + "owner: mine\n")
        assert dagpress(project, "schedule", "set", "a", "--interval", "@hourly")[0] == 0
        _press(page, "Save")
        page.get_by_role("heading", name="The file has changed since you opened it").wait_for()
        assert '"@hourly"' in page.get_by_role("region", name="The file on disk", exact=True).inner_text()
        assert not violations(page, ".panel")
        assert _yaml(page) == EXTRACT_LOAD + "owner: mine\n"
        assert (project / "schedules/a.yml").read_text() == _HOURLY
        _type_yaml(page, _HOURLY + "owner: mine\n")
        _press(page, "Save")
        page.get_by_role("heading", name="Changed a.yml").wait_for()
    assert (project / "schedules/a.yml").read_text() == _HOURLY + "owner: mine\n"


def test_a_body_that_is_too_large_is_rejected_before_it_is_read(project: Path) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1
            yield b"x" * 100_000

    with served(project) as url:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert httpx2.post(f"{url}save", content=endless(), headers=form).status_code == 413
        assert sent < 1_000
        assert httpx2.get(url).status_code == 200
