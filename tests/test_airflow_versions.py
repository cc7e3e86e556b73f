"""Each supported Airflow gets the imports of its own stock installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from project_builder import EXTRACT_LOAD, dagpress, write

if TYPE_CHECKING:
    from pathlib import Path

# Airflow 3.0 moved DAG into its Task SDK, and the operators of the core into a provider that it installs
# (its release notes, "Migrating to Airflow 3"). Up to 2.11 both are in the core.
_TWO = {"from airflow import DAG", "from airflow.operators.bash import BashOperator"}
_THREE = {"from airflow.sdk import DAG", "from airflow.providers.standard.operators.bash import BashOperator"}


@pytest.mark.parametrize(
    ("airflow", "imports"),
    [("2.10", _TWO), ("2.11", _TWO), ("3.0", _THREE), ("3.1", _THREE), ("3.2", _THREE), ("3.3", _THREE)],
)
def test_the_imports_are_those_of_the_version(airflow: str, imports: set[str], tmp_path: Path) -> None:
    """No branch for another version, and nothing that this one does not have."""
    write(tmp_path, {"dagpress.toml": f'airflow = "{airflow}"\n', "schedules/a.yml": EXTRACT_LOAD})
    assert dagpress(tmp_path, "generate")[0] == 0
    lines = (tmp_path / "generated_dags/a.py").read_text().splitlines()
    own = {"from datetime import timedelta", "import pendulum"}
    assert {line for line in lines if line.startswith(("import ", "from "))} == imports | own


@pytest.mark.parametrize(
    ("airflow", "python", "group"),
    [(v, "airflow.operators.python", "airflow.utils.task_group") for v in ("2.10", "2.11")]
    + [(v, "airflow.providers.standard.operators.python", "airflow.sdk") for v in ("3.0", "3.1", "3.2", "3.3")],
)
def test_so_are_those_of_tasks_and_groups(airflow: str, python: str, group: str, tmp_path: Path) -> None:
    """Python's operator and the groups have moved too."""
    tasks = "interval: '@daily'\ntasks: [{python: a.b, group: c}]\n"
    write(tmp_path, {"dagpress.toml": f'airflow = "{airflow}"\n', "schedules/a.yml": tasks})
    assert dagpress(tmp_path, "generate")[0] == 0
    text = (tmp_path / "generated_dags/a.py").read_text()
    assert f"from {python} import PythonOperator\n" in text
    assert f"from {group} import {'DAG, ' if group == 'airflow.sdk' else ''}TaskGroup\n" in text
