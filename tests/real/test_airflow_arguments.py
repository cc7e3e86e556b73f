"""Airflow accepts each of its arguments that is a key, with the example of the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from environments import clean_environ
from harness import Airflow, generate
from project_builder import as_yaml, write

from codegen.keys.table import Table
from codegen.schema.airflow_arguments import DAG_GROUP, TASK_GROUP
from codegen.schema.table import schedule_table, task_table

pytestmark = pytest.mark.slow


# The objects that the examples import.
_OBJECTS = {
    "alerts": "def started(context): ...\n\n\nskipped = started\n",
    "filters": "mask = str.upper\n",
    "hooks": "def before(context): ...\n\n\ndef after(context, result): ...\n",
    "retries": "from airflow.sdk import ExceptionRetryPolicy\n\npolicy = ExceptionRetryPolicy(rules=[])\n",
}


def _examples(table: Table, *groups: str) -> dict[str, Any]:
    return {row.name: yaml.safe_load(row.example) for row in table.rows.values() if row.group in groups}


def _task_for(name: str) -> dict[str, str]:
    """Return a task that can have an argument."""
    return {"python": "sysconfig.get_paths"} if name == "multiple_outputs" else {"command": "true"}


def _written(airflow: Airflow, folder: Path, *without: str) -> Path:
    """Generate a schedule with all arguments, and a task for each argument of tasks."""
    of_dag = _examples(schedule_table(airflow.version), DAG_GROUP, TASK_GROUP)
    of_task = _examples(task_table(airflow.version), TASK_GROUP)
    for name in without:
        del of_dag[name]
        of_task.pop(name, None)
    tasks = [{"id": name, **_task_for(name), "after": [], name: example} for name, example in of_task.items()]
    schedule = {"interval": "@daily", "retries": 0, **of_dag, "tasks": tasks}
    (folder / "schedules").mkdir()
    (folder / "schedules/all.yml").write_text(as_yaml(schedule))
    (folder / "dagpress.toml").write_text(f'airflow = "{airflow.version}"\n')
    generate(folder)
    for module, code in _OBJECTS.items():
        write(folder, {f"generated_dags/quality/{module}.py": code})
    return folder / "generated_dags/all.py"


def test_airflow_accepts_every_argument_with_its_example(airflow: Airflow, tmp_path: Path) -> None:
    """On the DAG, in its default arguments, and on a task."""
    path = _written(airflow, tmp_path)
    loaded = airflow.worker.import_file(path, {"AIRFLOW__CORE__EXECUTOR": "LocalExecutor"})
    assert loaded["errors"] == [], path.read_text()


def test_a_run_succeeds_with_every_argument(airflow: Airflow, tmp_path: Path) -> None:
    """Except those that need another user, another executor or FAB's roles, which this machine does not have."""
    folder = _written(airflow, tmp_path, "run_as_user", "executor", "access_control").parent
    env = clean_environ(MELTANO_PROJECT_ROOT=str(tmp_path))
    done = airflow.run("dags", "test", "meltano_all", "2026-03-02", dags_folder=folder, env=env)
    assert done.returncode == 0, done.stdout
    assert "DagRun Finished" in done.stdout, done.stdout
    assert "state=success" in done.stdout, done.stdout
