"""The list of pipelines: its rows, filters, and the button `Generate`."""

from __future__ import annotations

import errno
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup, Tag
from environments import ROOT
from examples import sample
from pages import Pages, text_of
from project_builder import EXTRACT_LOAD, dagpress, write

from codegen.web.pipelines import page as page_of_the_list
from codegen.web.pipelines.columns import COLUMNS

MELTANO = """\
version: 1
plugins:
  extractors: [{name: tap-a}, {name: tap-b}]
  loaders: [{name: target-a}]
jobs:
- {name: refresh, tasks: [tap-a target-a]}
"""
SHOP = "extractor: tap-b\nloader: target-a\nowner: shop\ntags: [money, eu]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three pipelines with up-to-date DAG files."""
    write(
        tmp_path,
        {
            "meltano.yml": MELTANO,
            "schedules/hourly.yml": 'extractor: tap-a\nloader: target-a\ninterval: "@hourly"\n',
            "schedules/shop/orders.yml": SHOP + 'interval: "30 6 29 2 *"\ntimezone: Europe/Berlin\n',
            "schedules/later.yml": 'job: refresh\ninterval: "@manual"\nowner: ops\n',
        },
    )
    code, _, err = dagpress(tmp_path, "generate")
    assert not code, err
    return tmp_path


def names(page: BeautifulSoup) -> list[str]:
    """Return the names of the shown pipelines, in order."""
    return [link.get_text() for link in page.select("tbody th a")]


def row(page: BeautifulSoup, name: str) -> Tag:
    """Return the row of a pipeline."""
    (found,) = (link.find_parent("tr") for link in page.select("tbody th a") if link.get_text() == name)
    assert found
    return found


def cell(page: BeautifulSoup, name: str, column: str) -> str:
    """Return the text of a cell of a pipeline."""
    found = row(page, name).select_one(f'[data-label="{column}"]')
    assert found
    return " ".join(found.get_text(" ").split())


def problems(page: BeautifulSoup, name: str) -> str:
    """Return the messages below the row of a pipeline."""
    below = row(page, name).find_next_sibling("tr")
    assert below
    return " ".join(below.get_text(" ").split())


def test_a_row_shows_the_command_the_schedule_and_the_owner(project: Path) -> None:
    page = Pages(project).get("/")
    assert cell(page, "orders", "Runs") == "tap-b → target-a"
    assert cell(page, "orders", "Schedule") == "30 6 29 2 *"
    assert cell(page, "orders", "Timezone") == "Europe/Berlin"
    assert cell(page, "orders", "Owner") == "shop"
    assert cell(page, "orders", "Tags") == "money eu"
    assert cell(page, "orders", "Runner") == "bash"
    assert cell(page, "orders", "DAG file") == "current"
    assert cell(page, "later", "Runs") == "job refresh"
    assert "shop/orders.yml" in row(page, "orders").get_text()
    assert [link["href"] for link in row(page, "orders").select("a")][::4] == [
        "/pipelines/shop/orders.yml",
        "/edit/shop/orders.yml",
    ]


def test_the_next_run_is_in_the_viewers_timezone(project: Path) -> None:
    pages = Pages(project)
    # Rows are cached, but must not show the timezone of an earlier request.
    assert "UTC" in text_of(pages.get("/"), "#count")
    pages.client.cookies.set("timezone", "Asia/Kathmandu")
    page = pages.get("/")
    moment = row(page, "hourly").select_one("time")
    assert moment
    until = datetime.fromisoformat(str(moment["datetime"])) - datetime.now(timezone.utc)
    assert 0 < until.total_seconds() <= 3600
    # The offset of Nepal has 45 minutes.
    assert re.fullmatch(
        r"in (\d+ minutes?|less than a minute) \w{3} \d{4}-\d\d-\d\d \d\d:45", cell(page, "hourly", "Next run")
    )
    assert "Asia/Kathmandu" in text_of(page, "#count")
    assert not row(page, "later").select("time")
    tag = row(pages.get("/?owner=shop"), "orders").select_one("a.badge")
    assert tag
    assert tag["href"] == "/?owner=shop&tag=money"


def test_a_changed_file_is_shown_at_the_next_request(project: Path) -> None:
    pages = Pages(project)
    assert cell(pages.get("/"), "later", "Owner") == "ops"
    write(project, {"schedules/later.yml": 'job: refresh\ninterval: "@manual"\nowner: others\n'})
    page = pages.get("/")
    assert cell(page, "later", "Owner") == "others"
    assert cell(page, "later", "DAG file") == "changed"
    write(project, {"meltano.yml": MELTANO.replace("tap-a}", "tap-c}")})
    assert "meltano.yml has no extractor tap-a" in problems(pages.get("/"), "hourly")


def test_the_list_shows_each_status_of_a_dag_file(project: Path) -> None:
    pages = Pages(project)
    (project / "generated_dags/hourly.py").unlink()
    dag = project / "generated_dags/later.py"
    dag.write_text(dag.read_text() + "x = 1\n")
    (project / "schedules/shop/orders.yml").unlink()
    page = pages.get("/")
    assert [cell(page, name, "DAG file") for name in names(page)] == ["missing", "changed"]
    assert text_of(page, ".state h2") == "3 generated files are out of date"
    assert "generated_dags/shop/orders.py no schedule generates this file any more" in text_of(page, ".state")
    assert names(pages.get("/?status=missing")) == ["hourly"]


def test_the_list_shows_each_status_of_a_dag_in_a_shared_file(project: Path) -> None:
    files = {f"schedules/shop/{name}.yml": EXTRACT_LOAD for name in ("changed", "current", "removed", "renamed")}
    write(project, {"dagpress.toml": 'layout = "folder"\n', **files})
    dagpress(project, "generate")
    (project / "schedules/shop/removed.yml").unlink()
    (project / "schedules/shop/renamed.yml").rename(project / "schedules/shop/missing.yml")
    write(project, {"schedules/shop/changed.yml": EXTRACT_LOAD + "owner: ada\n"})
    pages = Pages(project)
    page = pages.get("/?q=shop")
    assert {name: cell(page, name, "DAG file") for name in names(page)} == {
        "changed": "changed",
        "current": "current",
        "missing": "missing",
        "orders": "current",
    }
    assert "schedules/shop/re" in problems(page, "missing")
    assert [each.get_text().count("looks like") for each in page.select("tr.problems")].count(1) == 1
    assert text_of(page, ".state h2") == "1 generated file is out of date"
    assert "generated_dags/shop.py (removed) no schedule generates this DAG any more" in text_of(page, ".state")
    assert (
        "generated_dags/shop.py" not in text_of(pages.get("/pipelines/shop/current.yml"), "main").split("DAG file")[0]
    )


def test_a_change_outside_the_dags_is_reported_above_the_list(project: Path) -> None:
    write(project, {"dagpress.toml": 'layout = "folder"\n'})
    dagpress(project, "generate")
    file = project / "generated_dags/shop.py"
    file.write_text(file.read_text().replace("# fmt: off", "# fmt: on"))
    page = Pages(project).get("/")
    assert cell(page, "orders", "DAG file") == "current"
    assert "generated_dags/shop.py this file is not up to date" in text_of(page, ".state")


def test_a_hand_written_dag_file_is_reported_at_its_schedule(project: Path) -> None:
    write(project, {"generated_dags/hourly.py": "x = 1\n"})
    page = Pages(project).get("/")
    assert cell(page, "hourly", "DAG file") == "not compared"
    assert "generated_dags/hourly.py:1:1 this file was not generated by Dagpress" in problems(page, "hourly")
    assert not page.select("form[action='/generate']")


def test_a_broken_file_has_a_row(project: Path) -> None:
    write(
        project,
        {"schedules/oops.yml": "extractor: tap-a\ninterval: @daily\n", "schedules/b.yml": EXTRACT_LOAD + "nam: x\n"},
    )
    page = Pages(project).get("/")
    assert names(page) == ["b", "hourly", "later", "oops", "orders"]
    assert problems(page, "oops").startswith("1 error in oops error schedules/oops.yml:2:11 an unquoted value")
    assert "schedules/b.yml" in problems(page, "b")
    assert {cell(page, name, "DAG file") for name in names(page)} == {"not compared"}
    assert cell(page, "hourly", "Runs") == "tap-a → target-a"
    assert text_of(page, ".state h2") == "No DAG files can be generated: 2 errors"
    (link,) = page.select(".state a")
    assert names(Pages(project).get(str(link["href"]))) == ["b", "oops"]


def test_an_interval_with_an_error_does_not_break_the_list(project: Path) -> None:
    write(project, {"schedules/never.yml": EXTRACT_LOAD.replace("@daily", "0 0 H(27-31) 2 *")})
    page = Pages(project).get("/?sort=next")
    assert cell(page, "never", "Schedule") == "0 0 H(27-31) 2 *"
    assert not row(page, "never").select("time")
    assert "never runs" in problems(page, "never")


def test_messages_without_a_schedule_are_above_the_list(project: Path) -> None:
    write(project, {"meltano.yml": MELTANO + "include_paths: [none/*.yml]\n"})
    page = Pages(project).get("/")
    assert "meltano.yml:7:17 no file matches" in text_of(page, ".state")
    write(project, {"schedules/shop/_defaults.yml": "ownr: x\n"})
    assert "schedules/shop/_defaults.yml:1:1" in text_of(Pages(project).get("/"), ".state")


def test_hostile_values_are_escaped(project: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'&amp;"
    yaml = hostile.replace("'", "''")
    text = (
        f"extractor: tap-a\nloader: target-a\ninterval: '@daily'\nname: '{yaml}'\nowner: '{yaml}'\ntags: ['{yaml}']\n"
    )
    write(project, {"schedules/x.yml": text, "schedules/a #%?&.yml": EXTRACT_LOAD})
    page = Pages(project).get(f"/?q={quote(hostile)}")
    assert not page.select("main img, script:not([src])")
    assert names(page) == [hostile]
    assert cell(page, hostile, "Owner") == cell(page, hostile, "Tags") == hostile
    assert page.select_one("#q")["value"] == hostile  # type: ignore[index]
    pages = Pages(project)
    page = pages.get(row(page, hostile).select_one('[data-label="Tags"] a')["href"])  # type: ignore[index,arg-type]
    assert names(page) == [hostile]
    edit = row(pages.get("/"), "a #%?&").select_one(".row-actions a")
    assert edit
    assert text_of(pages.get(str(edit["href"])), "h1") == "Edit a #%?&.yml"


@pytest.mark.parametrize(
    ("query", "found"),
    sample(
        [
            ("q=TAP-B", ["orders"]),
            ("q=refresh", ["later"]),
            ("q=shop%2Forders", ["orders"]),
            ("q=money+target-a", ["orders"]),
            ("q=money+tap-a", []),
            ("owner=ops", ["later"]),
            ("tag=eu", ["orders"]),
            ("tag=e", []),
            ("timezone=UTC", ["hourly", "later"]),
            ("timezone=UTC&q=tap-a", ["hourly"]),
            ("problems=any", []),
            ("runner=docker", []),
            ("sort=-name", ["orders", "later", "hourly"]),
            ("sort=next", ["hourly", "orders", "later"]),
            ("sort=-next", ["orders", "hourly", "later"]),
            ("sort=owner", ["hourly", "later", "orders"]),
            ("sort=tags", ["orders", "hourly", "later"]),
            ("sort=nonsense&page=-3", ["hourly", "later", "orders"]),
            ("page=99999999999999999999", ["hourly", "later", "orders"]),
        ],
        3,
    ),
)
def test_search_filters_and_order_are_in_the_url(project: Path, query: str, found: list[str]) -> None:
    page = Pages(project).get(f"/?{query}")
    assert names(page) == found
    if not found:
        assert "No matching pipelines" in text_of(page, "#list")
        assert "0 of 3 pipelines" in text_of(page, "#count")


def test_the_link_of_a_column_sorts_the_rows_and_reverses_the_order(project: Path) -> None:
    pages = Pages(project)
    address = "/?q=target-a"
    for order, found in (("ascending", ["hourly", "orders"]), ("descending", ["orders", "hourly"])):
        link = pages.get(address).select_one("#sort-owner")
        assert link
        address = str(link["href"])
        page = pages.get(address)
        assert [th["aria-sort"] for th in page.select("th[aria-sort]")].count(order) == 1
        assert page.select_one("#sort-owner").parent["aria-sort"] == order  # type: ignore[union-attr,index]
        assert names(page) == found


def test_a_page_has_a_hundred_rows(tmp_path: Path) -> None:
    write(tmp_path, {f"schedules/s{number:03}.yml": EXTRACT_LOAD for number in range(205)})
    pages = Pages(tmp_path)
    page = pages.get("/")
    assert (len(names(page)), names(page)[-1]) == (100, "s099")
    assert "205 pipelines, showing 1 to 100." in text_of(page, "#count")
    last = page.select("nav[aria-label=Pages] a")[-1]
    assert names(pages.get(str(last["href"]))) == [f"s{number}" for number in range(200, 205)]
    assert names(pages.get("/?page=7")) == names(pages.get("/?page=3"))
    assert not pages.get("/?q=s20").select("nav[aria-label=Pages]")


def test_a_search_by_htmx_returns_only_the_table_and_the_number(project: Path) -> None:
    pages = Pages(project)
    headers = {"HX-Request": "true", "HX-Trigger": "filters"}
    answer = pages.client.get("/?q=shop&owner=&sort=-name", headers=headers)
    assert answer.headers["HX-Replace-Url"] == "/?q=shop&sort=-name"
    page = pages.get("/?q=shop&owner=", 200, **headers)
    assert not page.select("html, #filters")
    assert names(page) == ["orders"]
    assert "1 of 3 pipelines" in text_of(page, '[hx-swap-oob="innerHTML:#count"]')
    back = pages.get("/?q=shop", 200, **{"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert back.select("html")


def test_the_list_can_be_filtered_by_environment(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "dagpress.toml": 'environments = ["dev", "prod"]\n',
            "schedules/both.yml": EXTRACT_LOAD + "environments: {prod: {owner: sre}}\n",
            "schedules/late.yml": EXTRACT_LOAD + "only: prod\n",
        },
    )
    dagpress(tmp_path, "generate")
    (tmp_path / "generated_dags/prod/both.py").unlink()
    pages = Pages(tmp_path)
    page = pages.get("/")
    assert names(page) == ["both", "late"]
    assert [cell(page, "both", column) for column in ("Owner", "DAG file")] == ["airflow", "missing"]
    assert [badge.get_text() for badge in page.select("tbody th .badge")] == ["prod"]
    page = pages.get("/?environment=dev")
    assert names(page) == ["both"]
    assert cell(page, "both", "DAG file") == "current"
    page = pages.get("/?environment=prod")
    assert names(page) == ["both", "late"]
    assert cell(page, "both", "Owner") == "sre"
    assert page.select_one("tbody th a")["href"] == "/pipelines/both.yml?environment=prod"  # type: ignore[index]


def test_an_error_in_one_environment_names_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "dagpress.toml": 'environments = ["dev", "prod"]\n',
            "schedules/both.yml": EXTRACT_LOAD + "environments: {prod: {timezone: Mars}}\n",
        },
    )
    pages = Pages(tmp_path)
    for address in ("/", "/?environment=dev", "/?environment=prod"):
        assert "schedules/both.yml:4:33" in problems(pages.get(address), "both")


_EXTRACTORS = "plugins: {extractors: [{name: tap-a}]}\n"


@pytest.mark.parametrize(
    ("files", "commands", "done"),
    [
        ({}, ["meltano init .", "meltano add tap-github", "meltano add target-postgres"], 0),
        ({"meltano.yml": "version: 1\n"}, ["meltano add tap-github", "meltano add target-postgres"], 1),
        ({"meltano.yml": _EXTRACTORS}, ["meltano add target-postgres"], 1),
        (
            {"el/meltano.yml": _EXTRACTORS, "dagpress.toml": 'airflow = "3.3"\nmeltano_project = "el"\n'},
            ["meltano --cwd el add target-postgres"],
            1,
        ),
        ({"meltano.yml": MELTANO}, [], 2),
        (
            {"meltano.yml": f"{MELTANO}schedules: [{{name: a, job: refresh, interval: '@daily'}}]\n"},
            ["dagpress import"],
            1,
        ),
    ],
)
def test_an_empty_project_shows_the_first_steps(
    tmp_path: Path, files: dict[str, str], commands: list[str], done: int
) -> None:
    page = Pages(write(tmp_path, {"dagpress.toml": "", **files})).get("/")
    assert [command.text for command in page.select(".steps pre")] == commands
    assert len(page.select(".steps .done")) == done
    assert page.select(".steps li")[-1].select("a")[0]["href"] == "/new"
    assert not page.select(".state, table")


def test_columns_can_be_hidden_and_shown(project: Path) -> None:
    """A cookie stores the choice; the form works without JavaScript."""
    pages = Pages(project)
    fields = [
        (str(box["name"]), str(box["value"])) for box in pages.get("/?q=shop&sort=-name").select(".columns input")
    ]
    kept = urlencode([field for field in fields if field[1] not in {"owner", "tags", "next"}])
    address = pages.client.get(f"/?{kept}", follow_redirects=False).headers["Location"]
    assert address == "/?q=shop&sort=-name"
    for view in (address, "/"):
        page = pages.get(view)
        assert [each.text for each in page.select("thead [aria-sort]")] == [
            *("Pipeline", "Runs", "Schedule", "Timezone", "Runner", "DAG file")
        ]
        assert not page.select("[data-label=Owner]")
    assert page.select_one("select[name=owner]")
    pages.get("/?columns=name&columns=nonsense&columns=runner")
    assert [each.text for each in pages.get("/").select("thead [aria-sort]")] == ["Pipeline", "Runner"]
    every = urlencode([field for field in fields if field[0] == "columns"])
    assert pages.client.get(f"/?{every}", follow_redirects=False).headers["Location"] == "/"
    assert pages.get("/").select("[data-label=Owner]")


def test_a_pipeline_can_be_copied(project: Path) -> None:
    link = row(Pages(project).get("/"), "orders").select(".row-actions a")[1]
    assert (link.text, link["href"]) == ("Copy orders", "/new?copy=shop/orders.yml")


def test_open_proposals_are_a_column_and_a_filter(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(project)
    assert not pages.get("/").select("#sort-proposals, #filter-proposed")
    proposals = {"later.yml": ["Run it <b>weekly</b>", "Another"], "gone.yml": ["Removed"]}
    monkeypatch.setattr(page_of_the_list, "_proposals", lambda _: proposals)
    page = pages.get("/")
    assert cell(page, "later", "Proposed") == "Run it <b>weekly</b>, Another"
    assert row(page, "hourly").select("[data-label=Proposed].absent")
    options = [(option["value"], option.text) for option in page.select("#filter-proposed option")]
    assert options == [
        ("", "All"),
        ("any", "with proposed changes"),
        ("none", "without"),
        ("Another", "Another"),
        ("Run it <b>weekly</b>", "Run it <b>weekly</b>"),
    ]
    assert names(pages.get("/?proposed=any")) == ["later"]
    assert names(pages.get("/?proposed=Another")) == ["later"]
    assert names(pages.get("/?proposed=none")) == ["hourly", "orders"]
    assert names(pages.get("/?sort=proposals")) == ["later", "hourly", "orders"]


def test_the_list_can_be_filtered_by_errors(project: Path) -> None:
    write(project, {"schedules/oops.yml": "a: [\n"})
    page = Pages(project).get("/")
    options = [(option["value"], option.text) for option in page.select("#filter-problems option")]
    assert options == [("", "All"), ("errors", "with errors"), ("any", "with errors or warnings"), ("none", "without")]


def test_generate_writes_outdated_files(project: Path) -> None:
    pages = Pages(project)
    assert not pages.get("/").select("form[action='/generate']")
    (project / "generated_dags/hourly.py").unlink()
    (project / "schedules/later.yml").unlink()
    assert pages.get("/").select("form[action='/generate'] button")
    page = pages.post("/generate", {})
    assert text_of(page, "h1") == "2 files written"
    output = [" ".join(item.get_text().split()) for item in page.select(".written-files li")]
    assert output == ["created generated_dags/hourly.py", "deleted generated_dags/later.py"]
    assert (project / "generated_dags/hourly.py").exists()
    assert not (project / "generated_dags/later.py").exists()
    assert dagpress(project, "check")[0] == 0
    assert not pages.get("/").select(".state")


def test_generate_writes_nothing_with_an_error(project: Path) -> None:
    pages = Pages(project)
    (project / "generated_dags/hourly.py").unlink()
    write(project, {"schedules/oops.yml": "a: [\n"})
    page = pages.post("/generate", {}, status=409)
    assert text_of(page, "h1") == "No files written"
    assert "schedules/oops.yml" in text_of(page, ".diagnostics")
    assert not (project / "generated_dags/hourly.py").exists()


def test_generate_reports_files_that_cannot_be_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "generated_dags/hourly.py").unlink()
    (project / "generated_dags/later.py").unlink()
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.name == "later.py":
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    page = Pages(project).post("/generate", {}, status=500)
    assert text_of(page, "h1") == "Generation failed partway"
    assert "generated_dags/later.py:1:1 this file cannot be written: No space left on device" in text_of(
        page, ".diagnostics"
    )
    assert text_of(page, ".written-files") == "created generated_dags/hourly.py"


@pytest.mark.slow
def test_concurrent_readers_see_a_consistent_project(project: Path) -> None:
    """Each response shows the project at one point in time, and the last one has the last change."""
    pages = Pages(project)

    def look(_: int) -> str:
        return cell(pages.get("/"), "later", "Owner")

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(look, range(40))
        for number in range(10):
            text = f'job: refresh\ninterval: "@manual"\nowner: o{number}\n'
            write(project, {"schedules/next.tmp": text})
            (project / "schedules/next.tmp").replace(project / "schedules/later.yml")
        assert {*answers} <= {"ops", *(f"o{number}" for number in range(10))}
    assert look(0) == "o9"


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("@daily", "every day at 00:00"),
        ("0 9 * * fri", "every Friday at 09:00"),
        ("*/30 6-22 * * *", ""),
    ],
)
def test_a_cron_is_described_in_words(project: Path, cron: str, words: str) -> None:
    write(project, {"schedules/said.yml": EXTRACT_LOAD.replace("@daily", cron)})
    assert cell(Pages(project).get("/"), "said", "Schedule") == f"{words} {cron}".strip()


def test_the_style_sheet_names_columns_by_their_labels() -> None:
    """Otherwise, a renamed column loses its width."""
    styled = re.findall(r'data-label="([^"]+)"', (ROOT / "codegen/web/static/list.css").read_text(encoding="utf-8"))
    assert styled
    assert {*styled} <= {column.label for column in COLUMNS.values()}
