"""The list of 1,000 pipelines in a real browser: search, filters and order, also by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe import violations
from browser import opened, served
from fake_airflow import FakeAirflow, fake_airflow
from playwright.sync_api import Browser, Locator, Page, expect
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
    """A project of 1,000 schedules, one of them not generated."""
    texts = {
        f"schedules/s{number:04}.yml": SCHEDULE.format(number, number % 60, number % 24, number % 5)
        for number in range(1000)
    }
    root = write(tmp_path_factory.mktemp("fleet"), texts)
    code, _, err = dagpress(root, "generate")
    assert not code, err
    return root


@pytest.fixture(scope="module")
def url(fleet: Path) -> Iterator[str]:
    """The URL of the list of the fleet."""
    with served(fleet) as url:
        yield url


@pytest.fixture
def page(url: str, browser: Browser) -> Iterator[Page]:
    """The list of the fleet."""
    with opened(browser) as page:
        page.goto(url)
        yield page


def _names(page: Page) -> list[str]:
    return page.locator("tbody th a").all_inner_texts()


def test_typing_finds_a_pipeline_among_a_thousand(page: Page) -> None:
    expect(page.locator("#count")).to_contain_text("1,000 pipelines, showing 1 to 100")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    search = page.get_by_label("Search")
    search.press_sequentially("s0042", delay=20)
    expect(page.locator("#count")).to_contain_text("1 of 1,000 pipelines")
    assert _names(page) == ["s0042"]
    expect(search).to_be_focused()
    expect(search).to_have_value("s0042")
    expect(page).to_have_url(re.compile(r"/\?q=s0042$"))
    # One request after the last keystroke, not one for each.
    assert len(requests) < len("s0042")
    page.reload()
    assert _names(page) == ["s0042"]


def test_filters_order_and_pages_work_by_keyboard(page: Page) -> None:
    page.get_by_role("search").get_by_label("Owner").focus()
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
    # Typing keeps the order.
    page.get_by_label("Search").fill("s09")
    expect(page.locator("#count")).to_contain_text("20 of 1,000 pipelines")
    assert _names(page)[0] == "s0998"


def test_the_form_works_without_javascript(url: str, browser: Browser) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(url)
        page.get_by_label("Search").fill("s004")
        page.get_by_role("button", name="Show").click()
        assert _names(page) == [f"s004{number}" for number in range(10)]


def test_generate_restores_a_missing_file(fleet: Path, page: Page) -> None:
    (fleet / "generated_dags/s0500.py").unlink()
    page.reload()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("heading", name="1 file written")).to_be_visible()
    assert (fleet / "generated_dags/s0500.py").exists()


_SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => shifts.push(...list.getEntries()
  .filter(shift => !shift.hadRecentInput)
  .map(shift => shift.sources.map(source => source.node?.outerHTML ?? source.node?.textContent))
)).observe({type: 'layout-shift', buffered: true});
"""
_SEEN = """cell => {
  const copy = cell.cloneNode(true);
  copy.querySelectorAll('.hidden').forEach(part => part.remove());
  return copy.textContent;
}"""
_NAMES = ("done", "broken", "idle", "fresh", "waiting", "gone")


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[FakeAirflow, str]]:
    """A fake Airflow with DAGs in every state, but without `gone`, and the URL of the list of their project."""
    root = write(tmp_path, {f"schedules/{name}.yml": SCHEDULE.format(name, 0, 1, name) for name in _NAMES})
    assert dagpress(root, "generate")[0] == 0
    states = dict(zip(_NAMES, ("success", "failed", "success", "", "queued"), strict=False))
    with fake_airflow(**{f"meltano_{name}": state for name, state in states.items()}) as airflow:
        for name in _NAMES:
            airflow.sources[f"meltano_{name}"] = (root / f"generated_dags/{name}.py").read_text()
        airflow.sources["meltano_fresh"] += "# changed"
        airflow.paused |= {"meltano_idle", "meltano_waiting"}
        variables = {"URL": airflow.url, "USERNAME": "ada", "PASSWORD": "a"}
        with served(root, **{f"DAGPRESS_AIRFLOW_{name}": value for name, value in variables.items()}) as url:
            yield airflow, url


def _cell(page: Page, name: str) -> Locator:
    return page.locator("tr", has=page.get_by_role("link", name=name, exact=True)).locator(".airflow-cell")


def _text(page: Page, name: str) -> str:
    """Return the visible text of a cell."""
    text: str = _cell(page, name).evaluate(_SEEN)
    return " ".join(text.split())


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_the_list_shows_airflow_s_state_and_runs_pauses_and_unpauses_dags(
    behind: tuple[FakeAirflow, str], browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    """By keyboard, and without layout shifts when Airflow responds."""
    airflow, url = behind
    airflow.seconds = 0.2
    with opened(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        page.add_init_script(_SHIFTS)
        page.goto(url)
        _see_cells(page, airflow)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page)
        airflow.seconds = 0
        _run(page, airflow)
        _unpause(page, airflow)
        assert page.evaluate("shifts") == []
        _hide_columns(page, url)


def _see_cells(page: Page, airflow: FakeAirflow) -> None:
    expect(_cell(page, "done")).to_contain_text("success")
    assert _text(page, "done").endswith("ago, 2 min 10 s Run now… Pause")
    assert _text(page, "broken").startswith("failed Log of extract & load ")
    assert _text(page, "idle").startswith("success paused Log")
    assert _text(page, "fresh") == "no runs yet differs from this project Run now… Pause"
    assert _text(page, "waiting") == "queued paused Log waits until the DAG is unpaused Run now… Unpause"
    assert _text(page, "gone") == "not deployed"
    run = f"{airflow.url}/dags/meltano_broken/runs/scheduled__2026-11-26T05%3A00%3A00%2B00%3A00"
    log = _cell(page, "broken").get_by_role("link", name="Log of extract & load of broken, last run")
    expect(log).to_have_attribute("href", f"{run}/tasks/extract%20%26%20load/mapped/3?try_number=2")


def _run_paused(page: Page, button: Locator) -> None:
    button.press("Enter")
    page.get_by_label("Also unpause the DAG").uncheck()
    page.locator("#airflow-confirm").press("Enter")


def _run(page: Page, airflow: FakeAirflow) -> None:
    """Cancel, get an error, and run."""
    dialog, status = page.locator("#airflow-dialog"), page.locator("#airflow-said")
    button = _cell(page, "idle").get_by_role("link", name="Run now… idle")
    button.press("Enter")
    expect(dialog.get_by_role("heading")).to_have_text("Run idle now?")
    expect(dialog).to_contain_text("The DAG is paused. The run waits until you unpause it.")
    expect(page.locator("#airflow-confirm")).to_be_focused()
    assert not violations(page)
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    # The dialog shows the error, and nothing has changed.
    airflow.refusal = "no <b>right</b>"
    _run_paused(page, button)
    expect(dialog.get_by_role("alert")).to_contain_text("Airflow rejected the request: no <b>right</b>")
    expect(dialog.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    airflow.refusal = ""
    _run_paused(page, button)
    expect(status).to_have_text("idle was started. It waits until the DAG is unpaused.")
    expect(_cell(page, "idle")).to_contain_text("queued")
    expect(button).to_be_focused()
    expect(dialog).to_be_hidden()


def _unpause(page: Page, airflow: FakeAirflow) -> None:
    status = page.locator("#airflow-said")
    pause = _cell(page, "idle").get_by_role("button")
    pause.press("Enter")
    expect(status).to_have_text("idle is unpaused.")
    expect(pause).to_have_text("Pause idle")
    expect(pause).to_be_focused()
    assert airflow.paused == {"meltano_waiting"}


def _hide_columns(page: Page, url: str) -> None:
    page.get_by_text("Columns", exact=True).press("Enter")
    page.get_by_label("Last run in Airflow").uncheck()
    page.get_by_label("Timezone").and_(page.get_by_role("checkbox")).check()
    page.get_by_role("button", name="Show these columns").press("Enter")
    expect(page).to_have_url(url)
    expect(page.locator("#sort-timezone")).to_be_visible()
    expect(page.locator(".airflow-cell")).to_have_count(0)
