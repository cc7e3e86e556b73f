"""Generated files use the imports of a plain installation of each Airflow."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import dagpress, write

from codegen.airflow_facts import VERSIONS

# Airflow 3.0 moved DAG and TaskGroup into its Task SDK, and the core operators into a provider that it installs (see
# "Migrating to Airflow 3" in its release notes). In 2.11 and older, all are in the core.
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
    """Without branches for other versions or names that this version lacks."""
    write(tmp_path, {"dagpress.toml": f'airflow = "{airflow}"\n', "schedules/a.yml": _TASKS})
    assert dagpress(tmp_path, "generate")[0] == 0
    lines = (tmp_path / "generated_dags/a.py").read_text().splitlines()
    own = {"from datetime import timedelta", "import pendulum"}
    of_airflow = _TWO if airflow.startswith("2.") else _THREE
    assert {line for line in lines if line.startswith(("import ", "from "))} == of_airflow | own


@pytest.mark.parametrize("airflow", VERSIONS)
def test_an_unsupported_preset_is_written_as_a_cron(airflow: str, tmp_path: Path) -> None:
    """Airflow 3.2 accepts every preset except `@quarterly`; `make test-versions` loads the file."""
    schedule = _TASKS.replace("@daily", "@quarterly")
    write(tmp_path, {"dagpress.toml": f'airflow = "{airflow}"\n', "schedules/a.yml": schedule})
    assert dagpress(tmp_path, "generate")[0] == 0
    written = '"0 0 1 */3 *"' if airflow == "3.2" else '"@quarterly"'
    assert f"schedule={written}" in (tmp_path / "generated_dags/a.py").read_text()
