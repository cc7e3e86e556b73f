"""Takes the screenshots of the manual from a realistic project. `make pictures` calls it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from browser import launched_browser, served
from environments import DEMO, ROOT
from fake_airflow import fake_airflow
from playwright.sync_api import Browser, Locator, ViewportSize
from playwright.sync_api import Page as Tab
from project_builder import dagpress, write
from versions import NEWEST

FOLDER = ROOT / "docs" / "pictures"
# The name of each picture, and the address of its page.
PICTURES = {
    "pipeline": "/pipelines/finance/closing.yml",
    "calendar": "/calendar",
    "changes": "/commit",
}
LARGEST = 150_000
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=360, height=800)
SCHEDULES = {
    "_defaults.yml": "timezone: Europe/Zurich\n",
    "sales/_defaults.yml": "owner: sales\ntags: [sales]\nretries: 2\n",
    "sales/orders.yml": "extractor: tap-shop\nloader: target-duckdb\ninterval: '*/30 6-22 * * *'\n",
    "sales/customers.yml": "extractor: tap-crm\nloader: target-duckdb\ninterval: '15 2 * * *'\n",
    "sales/returns.yml": "extractor: tap-shop\nloader: target-duckdb\ninterval: '@hourly'\npool: warehouse\n",
    "finance/_defaults.yml": "owner: finance\ntags: [finance, closing]\n",
    "finance/ledger.yml": "extractor: tap-ledger\nloader: target-duckdb\ninterval: '0 5 * * 1-5'\npool: warehouse\n",
    "finance/rates.yml": "extractor: tap-rates\nloader: target-duckdb\ninterval: '0 16 * * 1-5'\ntags: [finance]\n",
    "finance/closing.yml": """\
# The books of the month, when both are in the warehouse.
after: [ledger, rates]
tags: [closing]
tasks:
- {id: check_balances, command: ./check.sh, after: []}
- {id: revalue, command: ./revalue.sh, after: [check_balances]}
- {id: accruals, command: ./accruals.sh, after: [check_balances]}
- {id: report, command: ./report.sh, after: [revalue, accruals]}
""",
}
# The last runs that have not succeeded.
STATES = {"meltano_carbon_forecast": "failed", "meltano_orders": "running", "meltano_carbon_backfill": ""}
EXTRACTORS = {"tap-shop": "Shop", "tap-crm": "CRM", "tap-ledger": "Ledger", "tap-rates": "Exchange rates"}


def main() -> None:
    """Take every picture, in light mode and in a small window, and some on a phone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, launched_browser() as browser:
        _propose(browser, _project(Path(name) / "team" / "lakehouse"))
        project = _project(Path(name) / "lakehouse")
        # An outdated DAG file, and a change to commit.
        write(project, {"schedules/sales/returns.yml": SCHEDULES["sales/returns.yml"].replace("@hourly", "@daily")})
        with (
            _airflow(project) as variables,
            served(project, **variables) as url,
            browser.new_context(viewport=WIDE, base_url=url, timezone_id="Europe/Zurich") as context,
        ):
            tab = context.new_page()
            for picture, address in PICTURES.items():
                tab.goto(address, wait_until="networkidle")
                _take(tab, picture)
            tab.goto("/", wait_until="networkidle")
            _take_both(tab, "list")


def _propose(browser: Browser, project: Path) -> None:
    """Make a pipeline on a page with proposals, and take pictures of the steps."""
    remote = project.parent / "remote.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", project, remote], check=True)
    subprocess.run(["git", "-C", project, "remote", "add", "origin", remote], check=True)
    with (
        served(project, "--review", XDG_STATE_HOME=str(project.parent)) as url,
        browser.new_context(viewport=WIDE, base_url=url, timezone_id="Europe/Zurich") as context,
    ):
        tab = context.new_page()
        tab.goto("/new")
        tab.get_by_label("Name").fill("Ada Lovelace")
        tab.get_by_label("E-mail address").fill("ada@example.com")
        tab.get_by_role("button", name="Continue").click()
        tab.get_by_role("combobox", name="Extractor").select_option("tap-shop")
        tab.locator(".cm-content", has_text="tap-shop").wait_for()
        tab.get_by_role("combobox", name="Loader").select_option("target-duckdb")
        tab.locator(".cm-content", has_text="target-duckdb").wait_for()
        tab.get_by_label("weekdays").check()
        tab.get_by_label("at", exact=True).fill("06:30")
        tab.get_by_text("every weekday at 06:30").first.wait_for()
        tab.get_by_label("Name of the pipeline").fill("new-orders")
        tab.get_by_text("generated_dags/new-orders.py").first.wait_for()
        tab.evaluate("document.activeElement.blur()")
        _take_both(tab, "new")
        _take_both(tab, "picker", "#when")
        tab.get_by_role("button", name="Save").click()
        tab.get_by_role("heading", name="Propose this change").wait_for()
        _take_both(tab, "proposal")


def _take_both(tab: Tab, name: str, part: str = "") -> None:
    """Take a page or a part of it, wide and narrow."""
    for end, size in (("_narrow", NARROW), ("", WIDE)):
        # A part must be visible without scrolling: otherwise the editor's sticky header covers it.
        tab.set_viewport_size(ViewportSize(width=size["width"], height=2400 if part else size["height"]))
        tab.evaluate("scrollTo(0, 0)")
        _take(tab.locator(part) if part else tab, name + end)


@contextmanager
def _airflow(project: Path) -> Iterator[dict[str, str]]:
    """Serve a fake Airflow with the DAGs of the project, and yield the variables that configure it."""
    texts = [file.read_text(encoding="utf-8") for file in project.glob("generated_dags/**/*.py")]
    sources = {name: text for text in texts for name in re.findall('^    dag_id="(.+)",$', text, re.MULTILINE)}
    with fake_airflow(**(dict.fromkeys(sources, "success") | STATES)) as airflow:
        airflow.sources, airflow.paused = sources, {"meltano_carbon_backfill"}
        yield {
            "DAGPRESS_AIRFLOW_URL": airflow.url,
            "DAGPRESS_AIRFLOW_USERNAME": "ada",
            "DAGPRESS_AIRFLOW_PASSWORD": "a",
        }


def _take(shown: Tab | Locator, name: str) -> None:
    path = FOLDER / f"{name}.png"
    shown.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size // 1000} kB")
    if size > LARGEST:
        sys.exit("That is too large for the manual: show less on it.")


def _project(folder: Path) -> Path:
    """Make a project with a history."""
    shutil.copytree(ROOT / "schedules", folder / "schedules")
    meltano = yaml.safe_load((DEMO / "meltano.yml").read_text(encoding="utf-8"))
    del meltano["schedules"]
    meltano["plugins"]["extractors"] += [{"name": name, "label": label} for name, label in EXTRACTORS.items()]
    meltano["plugins"]["loaders"][0]["label"] = "Warehouse"
    write(folder, {"meltano.yml": yaml.safe_dump(meltano, sort_keys=False), "dagpress.toml": f'airflow = "{NEWEST}"\n'})
    write(folder / "schedules", SCHEDULES)
    code, _, err = dagpress(folder, "generate")
    print(err)
    if code > 1:
        sys.exit(code)
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for command in (["init", "--initial-branch=main"], ["add", "."], [*who, "commit", "--message=Add the pipelines"]):
        subprocess.run(["git", "-C", folder, *command], check=True, stdout=subprocess.DEVNULL)
    return folder


if __name__ == "__main__":
    main()
