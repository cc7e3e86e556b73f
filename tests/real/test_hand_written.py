"""The hand-written DAGs that the manual shows, on real Airflow 2 and 3, one of them with a real Docker engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_engine import DockerEngine
from environments import DEMO
from harness import Airflow, import_of
from versions import NEWEST

pytestmark = pytest.mark.slow


def _dag(airflow: Airflow, name: str, folder: Path) -> Path:
    """Write the file with the imports of an Airflow; the committed file has those of the newest."""
    text = (DEMO / "orchestrate/dags" / f"{name}.py").read_text()
    for imported in ("BashOperator", "DAG"):
        text = text.replace(import_of(imported, NEWEST), import_of(imported, airflow.version))
    path = folder / f"{name}.py"
    path.write_text(text)
    answer = airflow.worker.import_file(path)
    assert (answer["errors"], [dag["dag_id"] for dag in answer["dags"]]) == ([], [name])
    return path


def test_the_dag_with_bash_runs(airflow: Airflow, tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(bytes(3 << 20))
    path = _dag(airflow, "warehouse_size", tmp_path)
    answer = airflow.worker.execute(path, "warehouse_size", "measure", {"MELTANO_PROJECT_ROOT": str(tmp_path)})
    assert answer["error"] is None, answer["log"]
    assert answer["result"] == f"3.0M\t{tmp_path}/warehouse.duckdb"


def test_the_dag_with_docker_runs(airflow: Airflow, tmp_path: Path, docker: DockerEngine) -> None:
    path = _dag(airflow, "in_a_container", tmp_path)
    answer = airflow.worker.execute(path, "in_a_container", "greet", {"DOCKER_HOST": docker.address})
    assert answer["error"] is None, answer["log"]
    assert "hello from a container" in f"{answer['result']} {answer['log']}"
