"""Each supported Airflow gets the imports of its own stock installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from project_builder import dagpress, write

if TYPE_CHECKING:
    from pathlib import Path

# Airflow 3.0 moved DAG into its Task SDK, and the operators of the core into a provider that it installs
# (its release notes, "Migrating to Airflow 3"). Up to 2.11 both are in the core.
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


@pytest.mark.parametrize(
    ("airflow", "imports"),
    [("2.10", _TWO), ("2.11", _TWO), ("3.0", _THREE), ("3.1", _THREE), ("3.2", _THREE), ("3.3", _THREE)],
)
def test_the_imports_are_those_of_the_version(airflow: str, imports: set[str], tmp_path: Path) -> None:
    """No branch for another version, and nothing that this one does not have."""
    write(tmp_path, {"dagpress.toml": f'airflow = "{airflow}"\n', "schedules/a.yml": _TASKS})
    assert dagpress(tmp_path, "generate")[0] == 0
    lines = (tmp_path / "generated_dags/a.py").read_text().splitlines()
    own = {"from datetime import timedelta", "import pendulum"}
    assert {line for line in lines if line.startswith(("import ", "from "))} == imports | own
