"""Real Airflow runs generated DAGs, with a real Meltano that moves real rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Airflow, DemoProject, generate
from project_builder import write

pytestmark = pytest.mark.slow


@pytest.fixture
def run(airflow: Airflow, dags_folder: Callable[[str], Path], demo_project: DemoProject) -> Callable[[str], str]:
    """Run a DAG of this repo on the demo project, check its success, and return Airflow's output."""

    def run_dag(dag_id: str) -> str:
        folder = dags_folder(airflow.version)
        done = airflow.run("dags", "test", dag_id, dags_folder=folder, env=demo_project.environ())
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run_dag


def _file(folder: Path, name: str) -> Path:
    (path,) = folder.rglob(f"{name}.py")
    return path


def _files_in_state(project: DemoProject, state_id: str) -> set[str]:
    state = json.loads(project.meltano("state", "get", state_id))
    (bookmark,) = state["singer_state"]["bookmarks"].values()
    return {path.rpartition("/")[2] for path in bookmark["file_hashes"]}


def test_a_second_run_continues_where_the_first_ended(run: Callable[[str], str], demo_project: DemoProject) -> None:
    run("meltano_carbon__duckdb")
    assert demo_project.rows("carbon.readings") == 8
    assert _files_in_state(demo_project, "carbon__duckdb") == {"2026-03-01.jsonl", "2026-03-02.jsonl"}

    new = {"from": "2026-03-03T00:00:00Z", "region": "London", "actual": 99, "index": "low"}
    (demo_project.folder / "data" / "readings" / "2026-03-03.jsonl").write_text(json.dumps(new) + "\n")
    printed = run("meltano_carbon__duckdb")
    # The target only appends rows: without the state, there would be 8 + 9 of them.
    assert demo_project.rows("carbon.readings") == 9
    assert "Skipped 2 unchanged files" in printed
    assert "2026-03-03.jsonl" in _files_in_state(demo_project, "carbon__duckdb")


def test_the_tasks_of_a_job_run_in_order(run: Callable[[str], str], demo_project: DemoProject) -> None:
    printed = run("meltano_carbon_refresh_refresh")
    assert demo_project.rows("carbon.readings") == 8
    assert demo_project.rows("carbon.forecasts") == 3
    started = re.findall(r"starting task_id=meltano_carbon_refresh_refresh_(task\d)", printed)
    assert started == ["task0", "task1"]
    ended = printed.index("end task task_id=meltano_carbon_refresh_refresh_task0")
    assert ended < printed.index("starting task_id=meltano_carbon_refresh_refresh_task1")


def test_a_task_without_a_project_fails_and_names_the_missing_variable(
    airflow: Airflow, dags_folder: Callable[[str], Path]
) -> None:
    path = _file(dags_folder(airflow.version), "carbon__duckdb")
    answer = airflow.worker.execute(path, "meltano_carbon__duckdb", "extract_load", {"MELTANO_PROJECT_ROOT": None})
    assert "non-zero exit code" in answer["error"]
    assert "MELTANO_PROJECT_ROOT: set it to the directory that contains meltano.yml" in answer["log"]


def test_meltano_accepts_the_options_of_every_key(airflow: Airflow, demo_project: DemoProject, tmp_path: Path) -> None:
    """The environment, a full refresh and the suffix of the state ID."""
    common = 'interval: "@daily"\nenvironment: dev\n'
    schedules = {
        "plain": common + "extractor: tap-carbon\nloader: target-duckdb\nstate_id: ours\n",
        "again": common + "extractor: tap-carbon\nloader: target-duckdb\nstate_id: ours\nfull_refresh: true\n",
        "suffixed": common + "tasks: [tap-carbon-forecast target-duckdb]\nstate_id_suffix: eu\nfull_refresh: true\n",
    }
    files = {f"schedules/{name}.yml": text for name, text in schedules.items()}
    write(tmp_path, {**files, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    generate(tmp_path)

    def execute(name: str, task_id: str) -> None:
        path, env = tmp_path / f"generated_dags/{name}.py", demo_project.environ()
        answer = airflow.worker.execute(path, f"meltano_{name}", task_id, dict(env))
        assert answer["error"] is None, answer["log"]

    execute("plain", "extract_load")
    execute("plain", "extract_load")
    assert demo_project.rows("carbon.readings") == 8
    execute("again", "extract_load")
    assert demo_project.rows("carbon.readings") == 16
    execute("suffixed", "tap-carbon-forecast_target-duckdb")
    assert demo_project.rows("carbon.forecasts") == 3
    assert "dev:tap-carbon-forecast-to-target-duckdb:eu" in demo_project.meltano("state", "list")


def test_ids_can_have_letters_of_every_script(airflow: Airflow, demo_project: DemoProject, tmp_path: Path) -> None:
    """Ids of a DAG, its tasks, a group, and an asset that starts another DAG.

    Without an XCom: `dags test` of Airflow 3.3 cannot push one, since httpx encodes the path of its API differently.
    """
    tasks = "tasks: [{id: diária, run: tap-carbon target-duckdb, group: vendas-à-vista, do_xcom_push: false}]\n"
    schedules = {"vendas-diárias": f'interval: "@daily"\n{tasks}', "relatório": f"after: vendas-diárias\n{tasks}"}
    files = {f"schedules/{name}.yml": text for name, text in schedules.items()}
    write(tmp_path, {**files, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    generate(tmp_path)
    folder = tmp_path / "generated_dags"
    done = airflow.run("dags", "test", "meltano_vendas-diárias", dags_folder=folder, env=demo_project.environ())
    assert done.returncode == 0, done.stdout
    assert demo_project.rows("carbon.readings") == 8
    loaded = airflow.worker.import_file(folder / "relatório.py")
    assert [dag["dag_id"] for dag in loaded["dags"]] == ["meltano_relatório"], loaded
