"""The list of 1,000 pipelines in a real browser: it is found what is looked for, also with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import opened, served
from playwright.sync_api import Browser, Page, expect
from project_builder import dagpress, write

pytestmark = pytest.mark.slow

SCHEDULE = """\
extractor: tap-shop-{0}
loader: target-warehouse
interval: "{1} {2} * * *"
owner: team-{3}
tags: [shop, a-longer-one, eu]
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 1,000 schedules, of which one is not generated."""
    texts = {
        f"schedules/s{number:04}.yml": SCHEDULE.format(number, number % 60, number % 24, number % 5)
        for number in range(1000)
    }
    root = write(tmp_path_factory.mktemp("fleet"), texts)
    code, _, err = dagpress(root, "generate")
    assert not code, err
    return root


@pytest.fixture
def page(fleet: Path, browser: Browser) -> Iterator[Page]:
    """The list of the fleet."""
    with served(fleet) as url, opened(browser) as page:
        page.goto(url)
        yield page


def _names(page: Page) -> list[str]:
    return page.locator("tbody th a").all_inner_texts()


def test_typing_finds_a_pipeline_among_a_thousand(page: Page) -> None:
    expect(page.locator("#count")).to_contain_text("1,000 pipelines, 1 to 100 are shown")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    search = page.get_by_label("Search")
    search.press_sequentially("s0042", delay=20)
    expect(page.locator("#count")).to_contain_text("1 of 1,000 pipelines")
    assert _names(page) == ["s0042"]
    expect(search).to_be_focused()
    expect(search).to_have_value("s0042")
    expect(page).to_have_url(re.compile(r"/\?q=s0042$"))
    # One after the last keystroke, not one for each.
    assert len(requests) < len("s0042")
    page.reload()
    assert _names(page) == ["s0042"]


def test_the_keyboard_alone_filters_orders_and_turns_pages(page: Page) -> None:
    page.get_by_label("Owner").focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#count")).to_contain_text("200 of 1,000 pipelines")
    expect(page.locator("#sort-name")).to_have_attribute("href", re.compile("owner=team-3"))
    page.locator("#sort-name").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody th a").first).to_have_text("s0998")
    expect(page.locator("#sort-name")).to_be_focused()
    page.locator("#page-2").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody th a").first).to_have_text("s0498")
    expect(page).to_have_url(re.compile(r"\?owner=team-3&sort=-name&page=2$"))
    page.go_back()
    expect(page.locator("tbody th a").first).to_have_text("s0998")
    expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
    # The order stays while one types.
    page.get_by_label("Search").fill("s09")
    expect(page.locator("#count")).to_contain_text("20 of 1,000 pipelines")
    assert _names(page)[0] == "s0998"


def test_without_javascript_the_form_does_the_same(fleet: Path, browser: Browser) -> None:
    with served(fleet) as url:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(url)
        page.get_by_label("Search").fill("s004")
        page.get_by_role("button", name="Show").click()
        assert _names(page) == [f"s004{number}" for number in range(10)]


def test_generate_brings_a_missing_file_back(fleet: Path, page: Page) -> None:
    (fleet / "generated_dags/s0500.py").unlink()
    page.reload()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("heading", name="1 file written")).to_be_visible()
    assert (fleet / "generated_dags/s0500.py").exists()
