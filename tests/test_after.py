"""`after` in the commands that show, change and export schedules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from project_builder import dagpress, project_of, write
from versions import EACH

from codegen import pipeline

_PLAIN = "extractor: tap-a\nloader: target-b\n"
_FILES = {
    "schedules/orders.yml": f'{_PLAIN}interval: "@daily"\n',
    "schedules/customers.yml": f'{_PLAIN}interval: "@daily"\n',
    "schedules/mart.yml": f"{_PLAIN}after: [orders, customers]\n",
    "schedules/report.yml": f'{_PLAIN}after: {{any: [orders, mart]}}\ninterval: "0 6 * * *"\n',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Four generated schedules, two of which depend on others."""
    write(tmp_path, _FILES)
    assert dagpress(tmp_path, "generate")[0] == 0
    return tmp_path


def test_list_and_show_name_the_dependencies_of_a_schedule(project: Path) -> None:
    table = {line.split("  ")[0]: line for line in dagpress(project, "list")[1].splitlines()}
    assert "after orders, customers  " in table["mart"]
    assert "0 6 * * *, after orders or mart  " in table["report"]
    rows = {row["name"]: row for row in json.loads(dagpress(project, "list", "--format", "json")[1])}
    assert rows["mart"]["interval"] is None
    assert rows["mart"]["after"] == {"all": ["orders", "customers"]}
    assert rows["orders"]["after"] is None
    shown = yaml.safe_load(dagpress(project, "show", "mart")[1])
    assert shown["after"] == {"all": ["orders", "customers"]}
    assert "interval" not in shown
    assert "outlets=" in dagpress(project, "show", "orders", "--dag")[1]


def test_next_names_the_dependencies(project: Path) -> None:
    assert dagpress(project, "next", "mart") == (0, "", "mart: after `orders` and `customers`\n")
    assert dagpress(project, "next", "mart", "--format", "json") == (0, "[]\n", "")
    code, out, err = dagpress(project, "next", "report", "-n", "1", "--after", "2027-01-01")
    assert (code, out) == (0, "Fri 2027-01-01 06:00 UTC\n")
    assert err == "report: every day at 06:00 (UTC), and after `orders` or `mart`\n"


def test_a_schedule_with_dependents_cannot_be_removed(project: Path) -> None:
    """Neither by `remove` nor by a rename, and no file is written."""
    code, _, err = dagpress(project, "schedule", "remove", "orders")
    assert code == 2
    assert "schedules/mart.yml:3:8: unknown-schedule: unknown schedule `orders`" in err
    assert (project / "schedules/orders.yml").exists()
    assert dagpress(project, "check")[0] == 0


def test_a_changed_dependency_regenerates_the_related_files(project: Path) -> None:
    """A schedule without dependents loses its outlet; its former dependents get their new triggers."""
    assert dagpress(project, "schedule", "remove", "report")[0] == 0
    assert "outlets=" not in (project / "generated_dags/mart.py").read_text()
    assert dagpress(project, "check")[0] == 0
    write(project, {"meltano.yml": "jobs: [{name: load, tasks: [x y]}, {name: refresh, tasks: [x y]}]\n"})
    write(project, {"schedules/orders.yml": 'job: load\ninterval: "@daily"\n'})
    assert dagpress(project, "generate")[0] == 0
    assert dagpress(project, "schedule", "set", "orders", "--job", "refresh")[0] == 0
    assert 'Asset("meltano_orders_refresh")' in (project / "generated_dags/mart.py").read_text()
    assert "files are up to date" in dagpress(project, "check")[2]


def test_a_schedule_without_dependents_is_unchanged(tmp_path: Path) -> None:
    """Its file does not depend on the dependencies of other schedules."""
    write(tmp_path, {"schedules/alone.yml": _FILES["schedules/orders.yml"]})
    before = pipeline.generate(project_of(tmp_path)).files["generated_dags/alone.py"]
    write(tmp_path, _FILES)
    assert pipeline.generate(project_of(tmp_path)).files["generated_dags/alone.py"] == before


def test_a_dependent_schedule_is_exported_to_meltano_as_manual(project: Path) -> None:
    write(project, {"meltano.yml": "plugins: {extractors: [{name: tap-a}], loaders: [{name: target-b}]}\n"})
    code, _, err = dagpress(project, "export")
    assert code == 0
    assert "schedules/mart.yml:3:8: not-exported: Meltano has no equivalent of `after` in `mart`" in err
    assert (
        "schedules/mart.yml:3:8: differs-in-meltano: Meltano cannot start `mart` after another schedule: "
        "its interval becomes `@manual`" in err
    )
    exported = {item["name"]: item for item in yaml.safe_load((project / "meltano.yml").read_text())["schedules"]}
    assert exported["mart"]["interval"] == "@manual"
    assert exported["report"]["interval"] == "0 6 * * *"
    assert "[@manual] elt mart: " in dagpress(project, "schedule", "list")[1]


@pytest.mark.parametrize("version", EACH)
def test_the_names_are_those_of_the_airflow_version(version: str, tmp_path: Path) -> None:
    """As in airflow/timetables, airflow/datasets and airflow/sdk/__init__.py of each version."""
    write(tmp_path, {**_FILES, "dagpress.toml": f'airflow = "{version}"\n'})
    text = pipeline.generate(project_of(tmp_path)).files["generated_dags/report.py"]
    lines = [line for line in text.splitlines() if line.startswith("from airflow")]
    assert (
        lines
        == {
            "2": [
                "from airflow import DAG",
                "from airflow.datasets import Dataset, DatasetAny",
                "from airflow.operators.bash import BashOperator",
                "from airflow.timetables.datasets import DatasetOrTimeSchedule",
                "from airflow.timetables.interval import CronDataIntervalTimetable",
            ],
            "3.0": [
                "from airflow.providers.standard.operators.bash import BashOperator",
                "from airflow.sdk import DAG, Asset, AssetAny",
                "from airflow.timetables.assets import AssetOrTimeSchedule",
                "from airflow.timetables.trigger import CronTriggerTimetable",
            ],
            "3.2": [
                "from airflow.providers.standard.operators.bash import BashOperator",
                "from airflow.sdk import DAG, Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable",
            ],
        }["2" if version.startswith("2") else "3.0" if version in {"3.0", "3.1"} else "3.2"]
    )
