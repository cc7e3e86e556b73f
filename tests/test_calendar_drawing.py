"""The output of the calendar: the command, its pictures, and the page."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from examples import fewer
from hypothesis import given
from hypothesis import strategies as st
from pages import Pages, soup_of, text_of
from project_builder import EXTRACT_LOAD, as_yaml, completed, dagpress, write
from pytest_regressions.file_regression import FileRegressionFixture
from terminal import printed_on_a_terminal
from versions import NEWEST

from codegen.calendar.drawing import calendar_svg, heat_css
from codegen.calendar.heat import LEVELS, Heat
from codegen.calendar.text import calendar_text
from codegen.calendar.week import calendar_of
from codegen.schema import Schedule

_PICTURES = Path(__file__).parent / "calendars"
_PROGRAM = Path(sys.executable).with_name("dagpress")
_FLEET = {
    "schedules/orders.yml": EXTRACT_LOAD.replace('"@daily"', '"*/20 * * * *"') + "owner: shop\ntags: [core]\n",
    "schedules/team/ads.yml": EXTRACT_LOAD.replace('"@daily"', '"30 2 * * *"')
    + "owner: marketing\ntimezone: Europe/Berlin\npool: narrow\n",
    "schedules/report.yml": EXTRACT_LOAD.replace('"@daily"', '"0 6 * * 1-5"')
    + "owner: shop\n"
    + "is_paused_upon_creation: true\n",
    "schedules/by_hand.yml": EXTRACT_LOAD.replace("@daily", "@manual"),
}
_HOSTILE = "<script>alert(1)</script>&\"'\u202e\x1b[2J"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return write(tmp_path, _FLEET)


@pytest.mark.parametrize("week", ["2026-W13", "2026-W43"])
@pytest.mark.parametrize("form", ["text", "svg", "html"])
def test_the_calendar_of_a_fleet(form: str, week: str, fleet: Path, file_regression: FileRegressionFixture) -> None:
    """In the weeks of both DST changes."""
    code, out, err = dagpress(fleet, "calendar", "--week", week, "--timezone", "Europe/Berlin", "--format", form)
    assert (code, err) == (0, "")
    suffix = ".txt" if form == "text" else f".{form}"
    file_regression.check(out, fullpath=_PICTURES / f"berlin_{week}{suffix}", encoding="utf-8", extension=suffix)


def test_json_has_the_names_of_each_hour(fleet: Path) -> None:
    code, out, _ = dagpress(fleet, "calendar", "--week", "2026-03-24", "--format", "json")
    week = json.loads(out)
    hours = {(hour["day"], hour["hour"]): hour for hour in week["hours"]}
    assert (code, week["first"], week["last"], len(hours)) == (0, "2026-03-24", "2026-03-30", 168)
    assert hours["2026-03-24", 1]["schedules"] == {"orders": 3, "ads": 1}
    assert hours["2026-03-30", 0]["schedules"] == {"orders": 3, "ads": 1}
    assert week["without_clock"] == ["by_hand"]


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        ((), 7 * 72 + 7 + 5),
        (("--owner", "marketing"), 7),
        (("--owner", "marketing", "--owner", "shop"), 7 * 72 + 7 + 5),
        (("--tag", "core"), 7 * 72),
        (("--tag", "core", "--owner", "marketing"), 0),
        (("--tag", "tap-gitlab", "--pool", "narrow"), 7),
        (("--pool", "default_pool"), 7 * 72 + 5),
        (("--runner", "bash"), 7 * 72 + 7 + 5),
    ],
)
def test_filters_select_runs(options: tuple[str, ...], runs: int, fleet: Path) -> None:
    """Values of one filter are alternatives; different filters are combined."""
    _, out, _ = dagpress(fleet, "calendar", "--week", "2026-W12", "--format", "json", *options)
    assert json.loads(out)["runs"] == runs


def test_tasks_override_the_runner_and_the_pool(tmp_path: Path) -> None:
    """The schedule's values apply to the other tasks."""
    tasks = [{"id": "a", "run": "tap-a target-b", "pool": "p"}, {"id": "b", "python": "m.f"}]
    schedule = {"interval": "@daily", "tasks": tasks}
    write(tmp_path, {"schedules/a.yml": as_yaml(schedule)})
    for options, runs in ((("--pool", "p"), 7), (("--pool", "default_pool"), 7), (("--runner", "bash"), 7)):
        _, out, _ = dagpress(tmp_path, "calendar", "--week", "2026-W12", "--format", "json", *options)
        assert json.loads(out)["runs"] == runs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--owner", "shp"), "no schedule has the owner `shp` (did you mean `shop`?)"),
        (("--pool", "zzz"), "no schedule has the pool `zzz` (choose from `default_pool`, `narrow`)"),
        (("--timezone", "Berlin"), "`Berlin` is not a timezone (did you mean `Europe/Berlin`?)"),
        (
            ("--timezone", "../../etc/passwd"),
            "`../../etc/passwd` is not a timezone (write a name such as Europe/Berlin)",
        ),
        (("--week", "2026-W60"), "`2026-W60` is not a week (write 2026-W48, or its first day: 2026-11-23)"),
        (("--output", "no/such/folder"), "no/such/folder cannot be written: No such file or directory"),
        (("--environment", "prod"), "this project has no environments"),
    ],
)
def test_invalid_options_are_errors(options: tuple[str, ...], message: str, fleet: Path) -> None:
    with pytest.raises(click.ClickException) as error:
        dagpress(fleet, "calendar", *options)
    assert message in error.value.format_message()


def test_schedules_with_errors_do_not_hide_the_others(fleet: Path) -> None:
    write(fleet, {"schedules/broken.yml": "interval: 0 0 30 2 *\nextractor: a\nloader: b\n"})
    code, out, err = dagpress(fleet, "calendar", "--week", "2026-W12")
    assert (code, "516 runs of 3 schedules" in out, "never runs" in err) == (2, True, True)


def test_each_environment_has_a_calendar(fleet: Path) -> None:
    environments = "environments:\n  prod: {interval: '@hourly'}\n"
    write(fleet, {"dagpress.toml": 'environments = ["dev", "prod"]\n'})
    write(fleet, {"schedules/report.yml": _FLEET["schedules/report.yml"] + environments})
    week = ("calendar", "--week", "2026-W12", "--pool", "default_pool")
    _, out, err = dagpress(fleet, *week)
    assert ("509 runs" in out, "Using environment `dev`" in err) == (True, True)
    assert "672 runs" in dagpress(fleet, *week, "-e", "prod")[1]
    pages = Pages(fleet)
    assert "509 runs" in text_of(pages.get("/calendar?week=2026-W12&pool=default_pool"), "caption")
    assert "672 runs" in text_of(pages.get("/calendar?week=2026-W12&pool=default_pool&environment=prod"), "caption")
    assert "no environment nowhere" in text_of(pages.get("/calendar?environment=nowhere"), "[role=alert]")


def test_the_calendar_is_written_to_a_file(fleet: Path) -> None:
    file = fleet / "week.svg"
    assert dagpress(fleet, "calendar", "--format", "svg", "--output", str(file)) == (0, "", "")
    assert ET.fromstring(file.read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314  # our own file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "in_it", "not_in_it"),
    [
        ({}, "\x1b[38;5;16m\x1b[48;5;110m", "▒"),
        ({"NO_COLOR": "1"}, "▒", "\x1b["),
        ({"NO_COLOR": "1", "PYTHONIOENCODING": "ascii"}, "  3", "\x1b["),
    ],
)
def test_a_terminal_shows_colours_or_shades(env: dict[str, str], in_it: str, not_in_it: str, fleet: Path) -> None:
    """Colours if supported, else shades if supported, else numbers."""
    command: list[str | Path] = [_PROGRAM, "--project", fleet, "calendar", "--week", "2026-W12"]
    shown = printed_on_a_terminal(*command, **{"PYTHONUTF8": "1", **env})
    assert in_it in shown
    assert not_in_it not in shown


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_text_fits_the_width_of_the_terminal(width: int) -> None:
    """With many runs, the days are columns. Every number is printed at any width."""
    schedules = [Schedule(name=str(n), interval=f"{n % 60} {n % 2} * * *") for n in range(300)]
    calendar = calendar_of(schedules, NEWEST, date(2026, 10, 19), ZoneInfo("Europe/Berlin"))
    text = calendar_text(calendar, width)
    assert max(map(len, text.splitlines())) <= width
    table = re.findall(r"^(?:\d\d:00|\w{3} \d\d) +(.*)$", text, re.MULTILINE)
    numbers = [int(number) for line in table for number in re.findall(r"(\d+)\*?(?: |$)", line)]
    assert sum(numbers) == calendar.runs == 2100


@given(numbers=st.lists(st.integers(0, 1000), min_size=1))
def test_colours_increase_with_the_runs(numbers: list[int]) -> None:
    """More runs never look like fewer, only hours without runs are empty, and the legend has every number."""
    heat = Heat(numbers)
    levels = [heat.level(number) for number in sorted(numbers)]
    assert levels == sorted(levels)
    assert max(levels) <= LEVELS
    assert [heat.level(number) == 0 for number in numbers] == [number == 0 for number in numbers]
    for number in filter(None, numbers):
        assert [step.level for step in heat.steps if step.least <= number <= step.most] == [heat.level(number)]


def test_numbers_have_enough_contrast_with_their_colours() -> None:
    """WCAG 2.2 requires a contrast of 4.5, in light and dark mode."""
    pairs = re.findall(r"--heat-(\d): (#\w{6}); --on-heat-\1: (#\w{6});", heat_css())
    assert len(pairs) == 2 * LEVELS
    for _, behind, text in pairs:
        dark, light = sorted([_luminance(behind), _luminance(text)])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (behind, text)


def _luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@fewer(2)
@given(name=st.text(min_size=1) | st.just(_HOSTILE))
def test_a_name_is_escaped_in_the_picture(name: str) -> None:
    """The picture is well-formed XML, and the name is one of its texts."""
    calendar = calendar_of([Schedule(name=name, interval="@daily")], NEWEST, date(2026, 3, 23), ZoneInfo("UTC"))
    svg = calendar_svg(calendar)
    root = ET.fromstring(svg.encode())  # noqa: S314  # our own
    assert {element.tag.split("}")[1] for element in root.iter()} == {
        "svg", "title", "desc", "style", "defs", "pattern", "line", "rect", "text", "g",
    }  # fmt: skip
    assert all(character.isprintable() or character == "\n" for character in svg)


def test_hostile_names_are_escaped_everywhere(tmp_path: Path) -> None:
    schedule = {"name": _HOSTILE[:-5], "owner": _HOSTILE[:-6], "interval": "@daily", "extractor": "a", "loader": "b"}
    write(tmp_path, {"schedules/<b>.yml": as_yaml(schedule)})
    for form in ("html", "svg", "text"):
        _, out, _ = dagpress(tmp_path, "calendar", "--week", "2026-W12", "--format", form)
        assert "7 runs" in out
        assert not soup_of(out).select("script")
    page = Pages(tmp_path).get("/calendar?week=2026-W12&timezone=UTC&hour=2026-03-16T00")
    link = page.select_one("#hour tbody a")
    assert link
    assert link["href"] == "/pipelines/%3Cb%3E.yml"
    assert "<script>alert(1)</script>" in link.text
    assert all("alert" not in script.text for script in page.select("script"))


def test_the_html_and_svg_files_load_nothing(fleet: Path) -> None:
    for form in ("svg", "html"):
        _, out, _ = dagpress(fleet, "calendar", "--format", form)
        assert re.findall(r"(?:href|src)=|@import|<script|url\((?!#hatched\))", out) == []


@pytest.mark.parametrize(
    ("option", "word", "expected"),
    [("--owner", "m", "marketing"), ("--timezone", "Europe/Berl", "Europe/Berlin")],
)
def test_completion_offers_the_values_of_the_project(option: str, word: str, expected: str, fleet: Path) -> None:
    assert completed(f"dagpress --project {fleet} calendar {option} {word}") == [expected]


def test_an_hour_links_to_the_runs_that_start(fleet: Path) -> None:
    pages = Pages(fleet)
    page = pages.get("/calendar?week=2026-W43&timezone=Europe/Berlin")
    assert "Choose an hour" in text_of(page, "#hour")
    link = page.select_one("#at-2026-10-25T02")
    assert link
    assert " ".join(link.text.split()) == "7* runs on Sun 2026-10-25 02:00, which occurs twice"
    chosen = pages.get(str(link["href"]))
    assert text_of(chosen, "#hour h2") == "Sun 2026-10-25 02:00"
    rows = [" ".join(row.text.split()) for row in chosen.select("#hour tbody tr")]
    assert rows == [
        "02:00 CEST to 02:40 CET, 6 runs orders every 20 minutes (UTC), shop",
        "02:30 CET ads every day at 02:30 (Europe/Berlin), marketing",
    ]
    assert [link["href"] for link in chosen.select("#hour tbody a")] == [
        "/pipelines/orders.yml",
        "/pipelines/team/ads.yml",
    ]
    marked = chosen.select("table.heat a[aria-current]")
    assert [link["id"] for link in marked] == ["at-2026-10-25T02"]


def test_a_missing_hour_is_not_a_link(fleet: Path) -> None:
    page = Pages(fleet).get("/calendar?week=2026-W13&timezone=Europe/Berlin")
    assert text_of(page, "table.heat td.gap") == "does not exist"
    assert page.select_one("#at-2026-03-29T02") is None
    assert "the time between does not exist" in text_of(page, "#calendar")


def test_links_and_forms_keep_the_filter(fleet: Path) -> None:
    page = Pages(fleet).get("/calendar?week=2026-W13&timezone=Asia/Kolkata&owner=shop")
    link = next(link for link in page.select("#calendar nav a") if link.text == "Next")
    assert link["href"] == "/calendar?week=2026-03-30&timezone=Asia%2FKolkata&owner=shop"
    assert [option["value"] for option in page.select("#owner option[selected]")] == ["shop"]
    assert [option["value"] for option in page.select("#owner option")] == ["", "shop", "airflow", "marketing"]
    assert "516 runs" not in text_of(page, "caption")


@pytest.mark.parametrize("week", ["2026-W13", "2026-03-25"])
def test_the_week_is_in_its_field(week: str, fleet: Path) -> None:
    field = Pages(fleet).get(f"/calendar?week={week}").select_one("#week")
    assert field
    assert field["value"] == week


def test_the_page_is_in_the_timezone_of_the_viewer(fleet: Path) -> None:
    pages = Pages(fleet)
    pages.client.cookies.set("timezone", "Asia/Kolkata")
    field = pages.get("/calendar").select_one("#timezone")
    assert field
    assert field["value"] == "Asia/Kolkata"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("owner=nobody", "No schedule has the owner `nobody`"),
        ("timezone=Mars", "`Mars` is not a timezone"),
        ("week=2026-W77", "`2026-W77` is not a week"),
    ],
)
def test_invalid_queries_are_errors_on_the_page(query: str, message: str, fleet: Path) -> None:
    page = Pages(fleet).get(f"/calendar?{query}&hour=nonsense")
    assert text_of(page, "[role=alert]").startswith(message)
    assert page.select_one("table.heat")


def test_the_page_reports_schedules_with_errors(fleet: Path) -> None:
    write(fleet, {"schedules/broken.yml": "{"})
    page = Pages(fleet).get("/calendar")
    assert "Some files have errors" in text_of(page, "#calendar")
