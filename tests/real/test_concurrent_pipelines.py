"""Concurrent pipelines: many of one extractor on one worker, and two projects on one Airflow."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import environments
import pytest
from harness import Airflow, generate
from project_builder import as_yaml, write

pytestmark = pytest.mark.slow

PLUGINS = Path(__file__).parent.parent / "plugins"
# `ROUNDS=100 .venv/bin/pytest tests/real/test_concurrent_pipelines.py` also takes four of each.
ROUNDS = int(os.environ.get("ROUNDS", "2"))
MELTANO_YML = """\
project_id: side-by-side
send_anonymous_usage_stats: false
default_environment: dev
environments:
- name: dev
plugins:
  extractors:
  - name: tap-late
    namespace: tap_late
    executable: ./tap_late.py
    capabilities: [catalog, discover, state]
    settings: [{name: stream}]
  loaders:
  - name: target-lines
    namespace: target_lines
    executable: ./target_lines.py
    config: {path: rows}
    settings: [{name: path}]
jobs:
- name: load
  tasks: [tap-late target-lines]
"""
EL = {"extractor": "tap-late", "loader": "target-lines", "state_id": "dev:tap-late-to-target-lines:{}"}
RUN = {"tasks": ["tap-late target-lines"], "state_id_suffix": "{}"}
RUN_AS_EL = {**RUN, "environment": "dev"}
JOB = {"job": "load", "state_id_suffix": "{}"}
COMMAND = {"tasks": [{"id": "load", "command": "meltano run --state-id-suffix={} load"}]}
TWO_TASKS = {
    "tasks": [
        {"id": "load", "run": "tap-late target-lines"},
        {"id": "where", "command": 'echo "$MELTANO_PROJECT_ROOT" >where'},
    ]
}
MIXES: dict[str, list[dict[str, Any]]] = {
    "mixed": [EL, RUN, RUN_AS_EL, JOB, COMMAND],
    "runs and jobs": [RUN, JOB] * 4,
}


@pytest.mark.parametrize("mix", MIXES if ROUNDS >= 10 else ["mixed"])
def test_pipelines_of_one_extractor_do_not_share_their_rows(
    mix: str, airflow3: Airflow, meltano: Callable[..., str], tmp_path: Path
) -> None:
    names = _write_project(tmp_path, MIXES[mix])
    meltano(tmp_path, "state", "list")  # the first command makes the system database
    tasks = [_task(airflow3, tmp_path, name) for name in names]
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(len(tasks)) as executor:
            done = list(executor.map(_run, [tmp_path] * len(tasks), tasks))
        assert [one.returncode for one in done] == [0] * len(tasks), "\n".join(one.stdout for one in done)
    rows = {name: (tmp_path / "rows" / name).read_text().split() for name in names}
    assert rows == {name: [str(number + 1) for number in range(3 * ROUNDS)] for name in names}
    assert sorted(meltano(tmp_path, "state", "list").split()) == [f"dev:tap-late-to-target-lines:{n}" for n in names]


def test_two_projects_with_schedules_of_one_name_share_an_airflow(
    airflow: Airflow, meltano: Callable[..., str], tmp_path: Path
) -> None:
    """Each has its own DAG, rows and state, whatever project the worker's environment names."""
    environ = environments.meltano_environ(MELTANO_PROJECT_ROOT=str(tmp_path / "elsewhere"))
    for name in ("sales", "shop"):
        folder = tmp_path / name
        configuration = (
            f'airflow = "{airflow.version}"\ngenerated_dags = "dags"\n'
            f'dag_id_prefix = "{name}_"\nproject_root_variable = "{name.upper()}_ROOT"\n'
        )
        orders = as_yaml({**TWO_TASKS, "interval": "@daily", "env": {"TAP_LATE_STREAM": "orders"}})
        write(folder, {"dagpress.toml": configuration, "meltano.yml": MELTANO_YML, "schedules/orders.yml": orders})
        for plugin in PLUGINS.iterdir():
            shutil.copy(plugin, folder)
        generate(folder)
        meltano(folder, "state", "list")  # the first command makes the system database
        (tmp_path / "all_dags").mkdir(exist_ok=True)
        shutil.copytree(folder / "dags", tmp_path / "all_dags" / name)
        environ[f"{name.upper()}_ROOT"] = str(folder)
    for dag_id in ("sales_orders", "shop_orders"):
        done = airflow.run("dags", "test", dag_id, dags_folder=tmp_path / "all_dags", env=environ)
        assert done.returncode == 0, done.stdout
    rows = {name: (tmp_path / name / "rows/orders").read_text().split() for name in ("sales", "shop")}
    # With a shared state, the second would continue after the rows of the first.
    assert rows == {"sales": ["1", "2", "3"], "shop": ["1", "2", "3"]}
    for name in rows:
        assert (tmp_path / name / "where").read_text() == f"{tmp_path / name}\n"
        assert meltano(tmp_path / name, "state", "list").split() == ["dev:tap-late-to-target-lines"]


def _write_project(folder: Path, schedules: list[dict[str, Any]]) -> list[str]:
    """Generate a pipeline for each schedule, and return their names."""
    names = [f"p{number}" for number in range(len(schedules))]
    files = {"meltano.yml": MELTANO_YML}
    for name, schedule in zip(names, schedules, strict=True):
        whole = {**schedule, "interval": "@daily", "env": {"TAP_LATE_STREAM": name}}
        files[f"schedules/{name}.yml"] = as_yaml(whole).replace("{}", name)
    write(folder, files)
    for plugin in PLUGINS.iterdir():
        shutil.copy(plugin, folder)
    generate(folder)
    return names


def _task(airflow: Airflow, project: Path, name: str) -> dict[str, Any]:
    """Return the only task of the pipeline's DAG in Airflow."""
    answer = airflow.worker.import_file(project / "generated_dags" / f"{name}.py")
    ((task,),) = (dag["tasks"] for dag in answer["dags"])
    return dict(task)


def _run(project: Path, task: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the command of a task as BashOperator does (its `get_env`, and airflow/hooks/subprocess.py)."""
    context = {"AIRFLOW_CTX_DAG_ID": task["env"]["TAP_LATE_STREAM"], "AIRFLOW_CTX_DAG_RUN_ID": "manual"}
    environ = environments.meltano_environ(MELTANO_PROJECT_ROOT=str(project), **task["env"], **context)
    return subprocess.run(
        ["bash", "-c", task["bash_command"]],
        env=environ,
        text=True,
        stdout=-1,
        stderr=subprocess.STDOUT,
        check=False,
        start_new_session=True,
    )
