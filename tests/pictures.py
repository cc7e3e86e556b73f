"""Takes the pictures of the README: the pages of a project that could be somebody's. `make pictures` calls it."""

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
from airflow_stand_in import standing_in
from browser import launched_browser, served
from environments import DEMO, ROOT
from playwright.sync_api import Page as Tab
from project_builder import dagpress, write
from versions import NEWEST

FOLDER = ROOT / "docs" / "pictures"
# A page is a line: the name of its picture and its address.
PICTURES = {
    "list": "/",
    "pipeline": "/pipelines/finance/closing.yml",
    "editor": "/edit/sales/orders.yml",
    "calendar": "/calendar",
    "changes": "/commit",
}
LARGEST = 150_000
SCHEDULES = {
    "sales/_defaults.yml": "owner: sales\ntags: [sales]\ntimezone: Europe/Zurich\nretries: 2\n",
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
# Of the last runs that have not succeeded.
STATES = {"meltano_carbon_forecast": "failed", "meltano_orders": "running", "meltano_carbon_backfill": ""}
EXTRACTORS = ("tap-shop", "tap-crm", "tap-ledger", "tap-rates")


def main() -> None:
    """Take every picture, in the light and as large as a small window."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, launched_browser() as browser:
        project = _project(Path(name) / "lakehouse")
        with (
            _airflow(project) as variables,
            served(project, **variables) as url,
            browser.new_context(viewport={"width": 1280, "height": 800}) as context,
        ):
            tab = context.new_page()
            for picture, address in PICTURES.items():
                tab.goto(url.rstrip("/") + address, wait_until="networkidle")
                _take(tab, FOLDER / f"{picture}.png")


@contextmanager
def _airflow(project: Path) -> Iterator[dict[str, str]]:
    """Stand in for an Airflow with the DAGs of the project; gives the variables that name it."""
    texts = [file.read_text(encoding="utf-8") for file in project.glob("generated_dags/**/*.py")]
    sources = {name: text for text in texts for name in re.findall('^    dag_id="(.+)",$', text, re.MULTILINE)}
    with standing_in(**(dict.fromkeys(sources, "success") | STATES)) as airflow:
        airflow.sources, airflow.paused = sources, {"meltano_carbon_backfill"}
        yield {
            "DAGPRESS_AIRFLOW_URL": airflow.url,
            "DAGPRESS_AIRFLOW_USERNAME": "ada",
            "DAGPRESS_AIRFLOW_PASSWORD": "a",
        }


def _take(tab: Tab, path: Path) -> None:
    tab.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size // 1000} kB")
    if size > LARGEST:
        sys.exit("That is too large for a README: show less on it.")


def _project(folder: Path) -> Path:
    """A project with a history, of which one DAG file is not current."""
    shutil.copytree(ROOT / "schedules", folder / "schedules")
    meltano = yaml.safe_load((DEMO / "meltano.yml").read_text(encoding="utf-8"))
    meltano["plugins"]["extractors"] += [{"name": name} for name in EXTRACTORS]
    write(folder, {"meltano.yml": yaml.safe_dump(meltano, sort_keys=False), "dagpress.toml": f'airflow = "{NEWEST}"\n'})
    write(folder / "schedules", SCHEDULES)
    code, _, said = dagpress(folder, "generate")
    print(said)
    if code > 1:
        sys.exit(code)
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for command in (["init", "--initial-branch=main"], ["add", "."], [*who, "commit", "--message=Add the pipelines"]):
        subprocess.run(["git", "-C", folder, *command], check=True, stdout=subprocess.DEVNULL)
    write(folder / "schedules", {"sales/returns.yml": SCHEDULES["sales/returns.yml"].replace("@hourly", "@daily")})
    return folder


if __name__ == "__main__":
    main()
