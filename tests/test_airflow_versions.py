"""Each supported Airflow gets the imports of its own stock installation."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import dagpress, write

from codegen.airflow_facts import VERSIONS

# Airflow 3.0 moved DAG and the groups into its Task SDK, and the operators of the core into a provider that it installs
# (its release notes, "Migrating to Airflow 3"). Up to 2.11 all are in the core.
_TWO = {
    "from airflow import DAG",
    "from airflow.operators.bash import BashOperator",
    "from airflow.operators.python import PythonOperator",
    "from airflow.utils.task_group import TaskGroup",
}
_THREE = {
    "from airflow.sdk import DAG, TaskGroup",
    "from airflow.providers.standard.operators.bash import BashOperator",
    "from airflow.providers.standard.operators.python import PythonOperator",
}
_TASKS = "interval: '@daily'\ntasks: [{python: a.b, group: c}, tap-a target-b]\n"


@pytest.mark.parametrize("airflow", VERSIONS)
def test_the_imports_are_those_of_the_version(airflow: str, tmp_path: Path) -> None:
    """No branch for another version, and nothing that this one does not have."""
    write(tmp_path, {"dagpress.toml": f'airflow = "{airflow}"\n', "schedules/a.yml": _TASKS})
    assert dagpress(tmp_path, "generate")[0] == 0
    lines = (tmp_path / "generated_dags/a.py").read_text().splitlines()
    own = {"from datetime import timedelta", "import pendulum"}
    of_airflow = _TWO if airflow.startswith("2.") else _THREE
    assert {line for line in lines if line.startswith(("import ", "from "))} == of_airflow | own


@pytest.mark.parametrize("airflow", VERSIONS)
def test_a_preset_that_the_version_refuses_is_written_as_its_cron(airflow: str, tmp_path: Path) -> None:
    """Airflow 3.2 takes every preset but `@quarterly`; the real one loads it in `make test-versions`."""
    schedule = _TASKS.replace("@daily", "@quarterly")
    write(tmp_path, {"dagpress.toml": f'airflow = "{airflow}"\n', "schedules/a.yml": schedule})
    assert dagpress(tmp_path, "generate")[0] == 0
    written = '"0 0 1 */3 *"' if airflow == "3.2" else '"@quarterly"'
    assert f"schedule={written}" in (tmp_path / "generated_dags/a.py").read_text()
