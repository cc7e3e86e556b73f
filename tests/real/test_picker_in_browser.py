"""The picker of times in a real browser, by keyboard and without a cron expression."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe import violations
from browser import opened, served
from playwright.sync_api import Browser, Page, expect
from project_builder import EXTRACT_LOAD, write
from versions import NEWEST

pytestmark = pytest.mark.slow
_BUSY = EXTRACT_LOAD.replace("@daily", "0 6 * * *") + "timezone: Europe/Berlin\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    others = {f"schedules/o{number}.yml": _BUSY for number in range(3)}
    return write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/a.yml": EXTRACT_LOAD, **others})


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on that control."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no Tab leads to {selector}")


def _has(page: Page, key: str, value: str) -> None:
    expect(page.locator("#text")).to_have_value(re.compile(rf"^{key}: ['\"]?{re.escape(value)}['\"]?$", re.MULTILINE))
    expect(page.locator("form.working")).to_have_count(0)


def test_weekdays_half_past_six_in_berlin_by_keyboard(browser: Browser, project: Path) -> None:
    with served(project) as url, opened(browser, base_url=url, timezone_id="Asia/Kolkata") as page:
        page.goto("edit/a.yml")
        page.wait_for_selector(".cm-content")
        _tab_to(page, "[name='when:starts']")
        _tab_to(page, "[name='when:days']")
        page.keyboard.press("ArrowRight")
        _has(page, "interval", "0 0 * * 1-5")
        assert page.evaluate("document.activeElement.value") == "weekdays"
        _tab_to(page, "[name='when:time']")
        page.keyboard.press("Control+a")
        page.keyboard.type("06:00")
        _has(page, "interval", "0 6 * * 1-5")
        _tab_to(page, "#control-timezone")
        page.keyboard.press("Control+a")
        page.keyboard.type("Europe/Berlin")
        page.keyboard.press("Escape")
        _has(page, "timezone", "Europe/Berlin")
        expect(page.locator("#when-runs")).to_contain_text("3 other runs start between 06:00 and 07:00, 3 of them at")
        _tab_to(page, "[name='when:minute']")
        page.keyboard.press("Enter")
        _has(page, "interval", "5 6 * * 1-5")
        expect(page.locator("#time")).to_have_value("06:05")
        page.locator("#time").focus()
        page.keyboard.press("Control+a")
        page.keyboard.type("06:30")
        _has(page, "interval", "30 6 * * 1-5")
        assert page.locator("#when-runs tbody tr:not(.change)").count() == 5
        assert "Schedule: every weekday at 06:30 (Europe/Berlin)" in page.locator("#when-runs").inner_text()
        # Each kind of start shows only its own controls.
        for starts, shown in {
            "often": "#every",
            "after": "#control-after",
            "cron": "#control-interval",
            "manual": None,
            "times": "#time",
        }.items():
            page.locator(f"[name='when:starts'][value={starts}]").check()
            page.wait_for_timeout(400)
            page.wait_for_selector("form:not(.working)")
            for each in ("#every", "#control-interval", "#time"):
                assert page.locator(each).is_visible() == (each == shown), (starts, each)
            assert page.locator("#control-after").is_visible() == (starts == "after")
            for scheme, width in (("light", 1280), ("dark", 360)):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.set_viewport_size({"width": width, "height": 900})
                assert not violations(page, "#when")
        _has(page, "interval", "30 6 * * 1-5")
        page.locator("#control-timezone").focus()
        page.keyboard.press("Control+s")
        page.get_by_role("heading", name="Changed a.yml").wait_for()
    text = (project / "schedules/a.yml").read_text()
    assert "30 6 * * 1-5" in text
    assert text.startswith(EXTRACT_LOAD.partition("interval")[0])


def test_without_javascript_a_button_applies_the_choices(browser: Browser, project: Path) -> None:
    with served(project) as url, opened(browser, base_url=url, java_script_enabled=False) as page:
        page.goto("edit/a.yml")
        page.locator("[name='when:starts'][value=often]").check()
        page.locator("#every").select_option("6h")
        page.get_by_role("button", name="Show the preview").click()
        expect(page.locator("#text")).to_have_value(re.compile("interval: ['\"]?6h"))
        page.locator("[name='when:starts'][value=times]").check()
        page.locator("#time").fill("06:00")
        page.locator("#control-timezone").fill("Europe/Berlin")
        page.get_by_role("button", name="Show the preview").click()
        page.get_by_role("button", name="Start at minute 5").click()
        expect(page.locator("#text")).to_have_value(re.compile("interval: ['\"]?5 6 \\* \\* \\*"))
