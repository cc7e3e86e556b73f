"""Tasks with `uses` and `with` in all commands and pages that show a schedule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from pages import Pages, form_of, soup_of, text_of
from project_builder import as_yaml, dagpress, refusal, write
from test_cases import CASES
from versions import NEWEST

_FILE = "generated_dags/orders.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with operators and markers of every kind."""
    shutil.copytree(CASES / "operators/schedules", tmp_path / "schedules")
    return write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST}"\n', "meltano.yml": "version: 1\n"})


def test_shown_tasks_generate_the_same_dag(project: Path) -> None:
    """The output of `show` can be written into the schedule."""
    shown = yaml.safe_load(dagpress(project, "show", "orders")[1])
    dagpress(project, "generate")
    before = (project / _FILE).read_text(encoding="utf-8")
    write(project, {"schedules/orders.yml": as_yaml({"interval": "@daily", "tasks": shown["tasks"]})})
    assert dagpress(project, "generate")[0] == 0
    assert (project / _FILE).read_text(encoding="utf-8") == before


def test_explained_values_are_as_written(project: Path) -> None:
    """A marker is one value, with its line; the text of a file is shown as its path."""
    lines = dagpress(project, "show", "orders", "--explain")[1].splitlines()
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert rows["tasks[2].with.sql"] == "{$t: {$f: queries/count.sql}} schedules/orders.yml:12"
    assert rows["tasks[4].with.day"] == "{$x: {task: choose, key: a day}} schedules/orders.yml:22"
    assert rows["tasks[2].with.handler"] == "{$import: quality.checks.first_row} schedules/orders.yml:14"


def test_an_operator_does_not_run_without_airflow(project: Path) -> None:
    """`schedule run` names the task, its operator, and the command of Airflow."""
    message = refusal(project, "schedule", "run", "groups")
    start = "`LatestOnlyOperator` runs the operator LatestOnlyOperator, which requires Airflow (run `dagpress invoke "
    assert message.startswith(start)


def test_the_page_shows_operators(project: Path) -> None:
    """Their paths and arrows, the locations of values, the text of a changed file, and a draft."""
    text = (project / "schedules/orders.yml").read_text(encoding="utf-8")
    orders = text.replace("{$t: {$f: queries/count.sql}}", "{$t: {$f: ../count.sql}}")
    write(project, {"schedules/orders.yml": orders, "count.sql": "SELECT count(*) FROM orders\n"})
    pages = Pages(project)
    page = pages.get("/pipelines/orders.yml").get_text(" ")
    assert "FileSensor operator in the worker" in page
    assert "{$t: {$f: ../count.sql}}" in page
    assert "SELECT count(*) FROM orders" in page
    write(project, {"count.sql": "SELECT max(id) FROM orders\n"})
    assert "SELECT max(id) FROM orders" in pages.get("/pipelines/orders.yml").get_text()
    editor = pages.get("/edit/orders.yml")
    assert "uses: FileSensor" in text_of(editor, "#what")
    form = form_of(editor)
    answer = pages.client.post("/preview", data={"csrf": pages.token, **form, "text:retries": "4"})
    assert "SELECT max(id) FROM orders" in soup_of(answer.text).get_text()
