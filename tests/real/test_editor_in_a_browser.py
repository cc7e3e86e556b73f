"""The editor in a real browser: text, form and preview stay in sync, and no input is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe import violations
from browser import opened, served
from playwright.sync_api import Browser, Dialog, Page, Route, expect
from project_builder import write
from versions import NEWEST

pytestmark = pytest.mark.slow
SCHEDULE = """\
extractor: tap-gitlab   # ours
loader: target-postgres
# at night
interval: "@daily"
retries: 2
"""
# Delay every response.
LATE = """
const ask = window.fetch;
window.fetch = async (...what) => {
  const answer = await ask(...what);
  await new Promise((done) => setTimeout(done, 300));
  return answer;
};
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/a.yml": SCHEDULE})


@contextmanager
def _opened(browser: Browser, project: Path, address: str, script: str = "") -> Iterator[Page]:
    """Open a page of the editor."""
    with served(project) as url, opened(browser, base_url=url) as page:
        page.add_init_script(script)
        page.goto(address)
        page.wait_for_selector(".cm-content")
        page.locator("#others > summary").click()
        page.set_default_timeout(10_000)
        yield page


def _text(page: Page) -> str:
    """Return the text that the form would send, which the editor shows."""
    shown = "\n".join(page.locator(".cm-line").all_text_contents()).replace("\u200b", "")
    sent = str(page.locator("#text").input_value())
    assert [line.strip() for line in shown.split("\n")] == [line.strip() for line in sent.split("\n")]
    return sent


def _settled(page: Page) -> None:
    """Wait until the server has answered the last input."""
    page.wait_for_timeout(350)
    page.wait_for_selector("form:not(.working)")


def test_an_error_is_shown_at_its_line_and_fixed_in_the_form(browser: Browser, project: Path) -> None:
    with _opened(browser, project, "edit/a.yml") as page:
        page.locator(".cm-line", has_text="retries").click()
        page.keyboard.press("End")
        page.keyboard.type("x")
        page.wait_for_selector(".cm-lint-marker-error")
        assert page.locator("#own a").inner_text() == "line 5"
        assert "whole number" in page.locator("#field-retries .message").inner_text()
        assert page.locator("#dag").count() == 0
        page.locator("#control-retries").fill("4")
        page.wait_for_selector(".cm-lint-marker-error", state="detached")
        assert _text(page) == SCHEDULE.replace("retries: 2", "retries: 4")
        assert page.locator(".effects").inner_text() == "Retries: 2 → 4."
        page.locator("#dag > summary").click()
        assert '"retries": 4' in page.locator("#dag-lines").inner_text()
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+z")
        _settled(page)
        assert page.locator("#control-retries").input_value() == "2x"


@pytest.mark.parametrize("way", ["button", "keyboard", "twice"])
def test_a_save_some_time_after_the_last_change_needs_one_press(browser: Browser, project: Path, way: str) -> None:
    with _opened(browser, project, "edit/a.yml") as page:
        page.get_by_label("Owner owner", exact=True).fill("ana")
        _settled(page)
        if way == "button":
            page.get_by_role("button", name="Save").click()
        elif way == "twice":
            page.get_by_role("button", name="Save").dblclick()
        else:
            page.keyboard.press("Control+s")
        page.get_by_role("heading", name="Changed a.yml").wait_for()
    assert (project / "schedules/a.yml").read_text() == SCHEDULE + "owner: ana\n"


def test_the_form_follows_the_text(browser: Browser, project: Path) -> None:
    with _opened(browser, project, "edit/a.yml") as page:
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("owner: me\nenv:\nA: 1")
        _settled(page)
        assert page.locator("#control-owner").input_value() == "me"
        page.keyboard.type("\n: :\n\t- [")
        page.wait_for_selector("#unreadable:not([hidden])")
        assert page.locator("#control-owner").is_disabled()
        assert page.locator("#control-owner").input_value() == "me"


def test_late_responses_overwrite_no_input(browser: Browser, project: Path) -> None:
    """Neither in the text nor in the form."""
    with _opened(browser, project, "edit/a.yml", script=LATE) as page:
        description = "a long description of what this pipeline is for, typed without a pause"
        page.locator("#control-description").focus()
        page.keyboard.type(description[:30], delay=40)
        page.wait_for_timeout(280)
        page.keyboard.type(description[30:], delay=40)
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+Home")
        for line in ("# one", "# two", "# three"):
            page.keyboard.type(f"{line}\n", delay=40)
            page.wait_for_timeout(260)
        page.keyboard.type("# four\n")
        _settled(page)
        expect(page.locator("#text")).to_have_value(re.compile("without a pause"))
        assert _text(page) == f"# one\n# two\n# three\n# four\n{SCHEDULE}description: {description}\n"
        assert page.locator("#control-description").input_value() == description


def test_the_editor_works_by_keyboard(browser: Browser, project: Path) -> None:
    with _opened(browser, project, "new") as page:
        page.locator("#others > summary").click()
        page.locator("#runs-pair").focus()
        seen = set()
        for _ in range(50):
            page.keyboard.press("Tab")
            name = page.evaluate("document.activeElement.id || document.activeElement.className")
            seen.add(name)
            if name == "new":
                page.keyboard.press("Control+a")
                page.keyboard.type("orders")
                expect(page.locator("[name=file]")).to_have_value("orders.yml")
            if "cm-content" in name:
                break
        assert {"control-extractor", "time"} <= seen
        page.keyboard.press("Control+End")
        page.keyboard.type("env:")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("A: b")
        assert _text(page).endswith("env:\n  A: b")
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert "cm-content" not in page.evaluate("document.activeElement.className")
        _settled(page)


def test_leaving_with_unsaved_changes_asks_for_confirmation(browser: Browser, project: Path) -> None:
    with _opened(browser, project, "edit/a.yml") as page:
        asked: list[str] = []

        def answer(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.accept()

        page.on("dialog", answer)
        page.locator(".cm-content").focus()
        page.reload()
        assert asked == []
        page.locator("#others > summary").click()
        page.locator("#control-owner").fill("me")
        _settled(page)
        page.reload()
        assert asked == ["beforeunload"]
        page.get_by_role("button", name="Restore").click()
        page.locator("#control-owner").and_(page.locator("[value=me]")).wait_for(state="attached")
        sent: list[str] = []

        def save(route: Route) -> None:
            sent.append(route.request.post_data or "")
            route.fulfill(body="saved")

        page.route("**/save", save)
        page.keyboard.press("Control+s")
        page.wait_for_url("**/save")
        assert asked == ["beforeunload"]
        assert "owner%3A+me" in sent[0]
        # Saving loads another page.
        page.goto("")
        page.goto("edit/a.yml")
        page.wait_for_selector(".cm-content")
        assert page.locator("#kept").is_hidden()


def test_it_works_without_javascript(browser: Browser, project: Path) -> None:
    with served(project) as url, browser.new_context(base_url=url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("edit/a.yml")
        page.locator("#others > summary").click()
        page.locator("#control-owner").fill("me")
        page.locator("#text").fill("# mine\n" + SCHEDULE)
        page.locator("#show").click()
        assert page.locator("#text").input_value() == f"# mine\n{SCHEDULE}owner: me\n"
        assert "every day" in page.locator("#status").inner_text()


MELTANO = """\
plugins:
  extractors: [{name: tap-gitlab, label: GitLab}, {name: tap-github}]
  loaders: [{name: target-postgres}, {name: target-jsonl}]
"""
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) {
    window.shifts.push([each.value, ...each.sources.map(({node}) => node?.id || node?.className || node?.nodeName)]);
  }
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("width", [1280, 360])
def test_a_new_pipeline_is_created_by_keyboard_with_errors_at_their_fields(
    browser: Browser, project: Path, width: int
) -> None:
    """Errors shift no layout and do not appear too early, and a refused save moves the focus to the first one."""
    write(project, {"meltano.yml": MELTANO})
    with served(project) as url, browser.new_context(base_url=url, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.add_init_script(SHIFTS)
        page.goto("new")
        page.wait_for_selector(".cm-content")
        assert page.locator("form .error:visible, form [aria-invalid]").count() == 0
        page.locator("#control-extractor").focus()
        page.keyboard.press("t")
        expect(page.locator("#text")).to_have_value(re.compile("extractor: tap-gitlab|extractor: tap-github"))
        _settled(page)
        assert page.locator("form .error:visible").count() == 0
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.locator("#field-loader .message")).to_contain_text("required")
        assert page.locator("#field-extractor .error").count() == 0
        assert page.evaluate("window.shifts") == []
        page.keyboard.press("Control+s")
        page.wait_for_url("**/save")
        page.wait_for_selector(".cm-content")
        expect(page.locator("#control-loader")).to_be_focused()
        expect(page.locator("#summary a").first).to_have_attribute("href", "#control-loader")
        page.keyboard.press("t")
        expect(page.locator("#new")).to_have_value(re.compile("^git(lab|hub)-to-(postgres|jsonl)$"))
        page.keyboard.press("Control+s")
        page.get_by_role("heading", name="Added git").wait_for()


def test_steps_and_the_search_of_settings_work_by_keyboard(browser: Browser, project: Path) -> None:
    with _opened(browser, project, "new") as page:
        page.locator("#runs-pair").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.locator("#add-step").press("Enter")
        expect(page.locator("#step-0-kind")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.type("tap-gitlab target-postgres")
        _settled(page)
        page.locator("#add-step").press("Enter")
        expect(page.locator("#step-1-kind")).to_be_focused()
        page.keyboard.press("s")
        page.keyboard.press("Tab")
        page.keyboard.type("./check.sh")
        _settled(page)
        steps = "- run: tap-gitlab target-postgres\n", "- command: ./check.sh\n  id: check\n"
        assert _text(page).endswith("tasks:\n" + steps[0] + steps[1])
        page.locator("#up-1").press("Enter")
        expect(page.locator("#up-0")).to_be_focused()
        assert _text(page).endswith("tasks:\n" + steps[1] + steps[0])
        for words, found in (("alert SUCCEEDS", "field-on_success"), ("load the same warehouse", "field-pool")):
            page.locator("#search").fill(words)
            assert [each.get_attribute("id") for each in page.locator("#others .field:visible").all()] == [found]


def test_alerts_are_edited_by_keyboard(browser: Browser, project: Path) -> None:
    """Added, inherited, turned off and removed; axe-core finds no violation, also on a phone in dark mode."""
    write(project, {"schedules/_defaults.yml": "on_failure: {slack: '#data'}\n"})
    with _opened(browser, project, "edit/a.yml") as page:
        alert = page.locator("#alert")
        expect(alert.locator(".inherited")).to_contain_text("Inherited: Slack #data, from schedules/_defaults.yml")
        alert.get_by_role("button", name="Turn off").press("Enter")
        expect(alert.get_by_role("button", name="Use the inherited")).to_be_focused()
        assert _text(page) == f"{SCHEDULE}on_failure: null\n"
        alert.get_by_role("button", name="E-mail").press("Enter")
        expect(alert.get_by_label("E-mail", exact=True)).to_be_focused()
        page.keyboard.type("me@example.com")
        _settled(page)
        expect(alert.get_by_label("E-mail", exact=True)).to_be_focused()
        page.keyboard.type(", you@example.com")
        _settled(page)
        page.keyboard.press("Tab")
        expect(alert.get_by_role("button", name="Remove alert 1")).to_be_focused()
        alert.get_by_role("button", name="Slack").press("Space")
        expect(alert.get_by_label("Slack", exact=True)).to_be_focused()
        page.keyboard.type("#orders")
        _settled(page)
        mails = "- email:\n  - me@example.com\n  - you@example.com\n"
        assert _text(page) == f'{SCHEDULE}on_failure:\n{mails}- slack: "#orders"\n'
        expect(page.locator("#others > summary")).to_have_text("All other settings (1 set)")
        for width, scheme in ((1280, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            assert not violations(page)
        alert.get_by_role("button", name="Remove alert 1").press("Enter")
        expect(alert.get_by_label("Slack", exact=True)).to_be_focused()
        assert _text(page) == f'{SCHEDULE}on_failure:\n- slack: "#orders"\n'
        alert.get_by_role("button", name="Remove alert 1").press("Enter")
        expect(alert.get_by_role("button", name="Turn off")).to_be_focused()
        assert _text(page) == SCHEDULE
