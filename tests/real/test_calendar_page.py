"""The calendar in a real browser: its hours list the runs that start, and its pictures are drawn."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from axe import violations
from browser import opened, served
from playwright.sync_api import Browser
from project_builder import EXTRACT_LOAD, dagpress, write

pytestmark = pytest.mark.slow

_WEEK = ("--week", "2026-W43", "--timezone", "Europe/Berlin")


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    hourly = EXTRACT_LOAD.replace("@daily", "@hourly")
    files = {f"schedules/s{number}.yml": EXTRACT_LOAD + f"owner: team{number % 2}\n" for number in range(4)}
    return write(tmp_path / "fleet", {**files, "schedules/all_day.yml": hourly})


def test_an_hour_is_selected_without_loading_a_new_page(fleet: Path, browser: Browser) -> None:
    with served(fleet) as address, opened(browser, timezone_id="Europe/Berlin") as page:
        loads: list[str] = []
        page.on("load", lambda loaded: loads.append(loaded.url))
        page.goto(f"{address}calendar?week=2026-W43&timezone=Europe/Berlin")
        page.locator("#at-2026-10-23T03").focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.locator("#hour td").first.wait_for()
        assert page.locator("#hour h2").inner_text() == "Sat 2026-10-24 02:00"
        names = page.locator("#hour tbody a").all_inner_texts()
        assert names == ["all_day", "s0", "s1", "s2", "s3"]
        assert page.evaluate("document.activeElement.id") == "at-2026-10-24T02"
        page.locator("#owner").select_option("team1")
        page.locator("#hour:has-text('Choose an hour')").wait_for()
        assert "14 runs of 2 pipelines" in page.locator("caption").inner_text()
        page.get_by_role("link", name="Next", exact=True).click()
        page.locator("#at-2026-10-26T01").wait_for()
        assert page.locator("#owner").input_value() == "team1"
        assert len(loads) == 1


def test_the_picture_is_drawn(fleet: Path, tmp_path: Path, browser: Browser) -> None:
    """As an image in a page, as on GitHub, and in the page that `--format html` writes."""
    for form in ("svg", "html"):
        dagpress(fleet, "calendar", *_WEEK, "--format", form, "--output", str(tmp_path / f"week.{form}"))
    with opened(browser) as page:
        picture = base64.b64encode((tmp_path / "week.svg").read_bytes()).decode()
        assert page.evaluate(_COLOURS, f"data:image/svg+xml;base64,{picture}") > 10
        page.goto((tmp_path / "week.html").as_uri())
        page.locator("summary").last.click()
        assert "02:00 (occurs twice)" in page.locator("details[open]").inner_text()
        assert not violations(page)


# The number of colours of the picture, on a canvas.
_COLOURS = """async (address) => {
  const svg = await new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = failed;
    image.src = address;
  });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [svg.naturalWidth, svg.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(svg, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return new Set(pixels).size;
}"""
