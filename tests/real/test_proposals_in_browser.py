"""Three users propose changes in real browsers, without cron expressions; the remote is a bare repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe import violations
from browser import opened, served
from git_repository import git
from playwright.sync_api import Browser, Page, expect
from project_builder import dagpress, write
from team_repository import Team

pytestmark = pytest.mark.slow
MELTANO = """\
version: 1
plugins:
  extractors:
  - {name: tap-shop, label: Shop, namespace: tap_shop, executable: tap-shop}
  loaders:
  - {name: target-warehouse, label: Warehouse, namespace: target_warehouse, executable: target-warehouse}
"""


@contextmanager
def _user(browser: Browser, url: str, name: str) -> Iterator[Page]:
    """Open the browser of a user, who has entered a name."""
    with opened(browser, base_url=url, timezone_id="Europe/Berlin") as page:
        page.goto("new")
        page.get_by_label("Name").fill(name)
        page.get_by_label("E-mail address").fill(f"{name.lower()}@example.com")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("heading", name="New pipeline").wait_for()
        yield page


@pytest.fixture
def checkout(team: Team) -> Path:
    """The server's checkout, with plugins."""
    write(team.checkout, {"meltano.yml": MELTANO})
    git(team.checkout, "add", "--all")
    git(team.checkout, "commit", "--quiet", "--message=Plugins")
    git(team.checkout, "push", "--quiet")
    return team.checkout


def test_three_users_propose_continue_and_withdraw_changes(team: Team, checkout: Path, browser: Browser) -> None:
    before = git(checkout, "rev-parse", "HEAD")
    state = {"XDG_STATE_HOME": str(team.folder / "state")}
    with (
        served(checkout, "--review", **state) as url,
        _user(browser, url, "Ada") as ada,
        _user(browser, url, "Bob") as bob,
        _user(browser, url, "Cleo") as cleo,
    ):
        _make_pipeline(ada)
        _change_owner(bob)
        cleo.goto("proposals")
        for title in ("Load the orders", "Bob owns it"):
            cleo.get_by_role("link", name=title).wait_for()
        _is_accessible(cleo)
        cleo.get_by_role("link", name="Load the orders").click()
        cleo.get_by_role("link", name="Edit shop-to-warehouse.yml").click()
        cleo.locator(".cm-content").wait_for()
        cleo.get_by_label("at", exact=True).fill("07:00")
        cleo.get_by_text("every weekday at 07:00").first.wait_for()
        cleo.get_by_role("button", name="Save").click()
        cleo.get_by_role("heading", name="Add the new changes").wait_for()
        _is_accessible(cleo)
        cleo.get_by_label("Title").fill("At seven")
        cleo.get_by_role("button", name="Send").click()
        cleo.get_by_text("Waiting for review").wait_for()
        expect(cleo.get_by_text("Ada, Cleo")).to_be_visible()
        cleo.goto("proposals")
        cleo.get_by_role("link", name="Bob owns it").click()
        cleo.get_by_role("link", name="Withdraw").click()
        cleo.get_by_role("button", name="Withdraw").click()
        expect(cleo.get_by_role("link", name="Bob owns it")).to_have_count(0)
    assert git(checkout, "rev-parse", "HEAD") == before
    assert git(checkout, "status", "--porcelain", "--branch") == "## main...origin/main"
    assert git(team.remote, "branch", "--format=%(refname:short)").split() == ["dagpress/shop-to-warehouse", "main"]
    shown = git(team.remote, "log", "--format=%an: %s", "main..dagpress/shop-to-warehouse").split("\n")
    assert shown == ["Cleo: At seven", "Ada: Load the orders"]
    clone = team.clone("reviewer")
    git(clone, "switch", "--quiet", "dagpress/shop-to-warehouse")
    assert dagpress(clone, "check")[0] == 0
    text = (clone / "schedules/shop-to-warehouse.yml").read_text()
    assert 'interval: "0 7 * * 1-5"\ntimezone: Europe/Berlin\n' in text


def _is_accessible(page: Page) -> None:
    """Assert that axe finds no violation, in light and dark mode, and that a phone shows the full width."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert not violations(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def _make_pipeline(page: Page) -> None:
    """Create a pipeline on weekdays at half past six in Berlin, without a cron expression."""
    page.get_by_label("Extractor extractor").select_option("tap-shop")
    page.get_by_label("weekdays").check()
    page.get_by_label("at", exact=True).fill("06:30")
    page.get_by_label("Timezone").fill("Europe/Berlin")
    page.get_by_text("every weekday at 06:30").first.wait_for()
    expect(page.get_by_label("Name of the pipeline")).to_have_value("shop-to-warehouse")
    _is_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Propose this change").wait_for()
    page.get_by_label("Title").fill("Load the orders")
    _is_accessible(page)
    page.get_by_role("button", name="Propose").click()
    page.get_by_text("Waiting for review").wait_for()


def _change_owner(page: Page) -> None:
    page.goto("edit/a.yml")
    page.get_by_text("All other settings").click()
    page.get_by_label("Owner owner").fill("bob")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Title").fill("Bob owns it")
    page.get_by_role("button", name="Propose").click()
    page.get_by_text("Waiting for review").wait_for()
