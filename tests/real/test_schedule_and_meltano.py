"""`dagpress schedule` compared with a real Meltano: the same list, and the same pipeline without Airflow."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import environments
import pytest
from harness import DemoProject

pytestmark = pytest.mark.slow

DAGPRESS = Path(sys.executable).with_name("dagpress")


@pytest.fixture
def project(demo_project: DemoProject) -> DemoProject:
    """The demo's Meltano project with its schedules in both forms."""
    shutil.copytree(environments.ROOT / "schedules", demo_project.folder / "schedules")
    return demo_project


def _schedule(project: DemoProject, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [DAGPRESS, "--project", project.folder, "schedule", *arguments]
    env = environments.meltano_environ(**environ)
    return subprocess.run(command, env=env, text=True, capture_output=True, check=False)


def _sorted(listed: dict[str, Any]) -> dict[str, list[Any]]:
    return {kind: sorted(rows, key=lambda row: str(row["name"])) for kind, rows in listed["schedules"].items()}


def test_the_list_matches_meltano_s_and_run_runs_the_pipeline(project: DemoProject) -> None:
    """Key by key, in text and in JSON, also after a run, with its end in both lists."""
    done = _schedule(project, "run", "carbon__duckdb")
    assert done.returncode == 0, done.stderr
    assert project.rows("carbon.readings") == 8
    done = _schedule(project, "run", "carbon_forecast")
    assert done.returncode == 0, done.stderr
    assert project.rows("planning.forecasts") == 3

    ours = _sorted(json.loads(_schedule(project, "list", "--format=json").stdout))
    assert ours == _sorted(json.loads(project.meltano("schedule", "list", "--format=json")))
    ended = {row["name"]: row["last_successful_run_ended_at"] for row in ours["elt"]}
    assert [name for name, moment in ended.items() if moment] == ["carbon__duckdb", "carbon_forecast"]
    text = _schedule(project, "list").stdout
    assert sorted(text.splitlines()) == sorted(project.meltano("schedule", "list").splitlines())


def test_run_runs_a_job_task_by_task_and_returns_its_exit_code(project: DemoProject) -> None:
    """With the options of Meltano's own command."""
    done = _schedule(project, "run", "carbon_refresh", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "[2/2] meltano_carbon_refresh_refresh_task1: tap-carbon-forecast target-duckdb" in done.stderr
    assert not (project.folder / "warehouse.duckdb").exists()
    done = _schedule(project, "run", "carbon_refresh", TAP_CARBON_PATHS='["nowhere/*.jsonl"]')
    assert done.returncode == 1, done.stderr
    assert "[2/2]" not in done.stderr


def test_the_last_runs_are_read_from_sqlite_only(project: DemoProject) -> None:
    """A SQLite file at another path is read; another database has no last runs, and no error."""
    assert _schedule(project, "run", "carbon__duckdb").returncode == 0
    elsewhere = project.folder / "elsewhere.db"
    (project.folder / ".meltano/meltano.db").rename(elsewhere)
    uris = {
        f"sqlite:///{elsewhere}": True,
        "sqlite:///${MELTANO_PROJECT_ROOT}/elsewhere.db?timeout=5": True,
        "postgresql://nowhere/meltano": False,
    }
    for uri, is_known in uris.items():
        listed = json.loads(_schedule(project, "list", "--format=json", MELTANO_DATABASE_URI=uri).stdout)
        row = next(row for row in listed["schedules"]["elt"] if row["name"] == "carbon__duckdb")
        assert bool(row["last_successful_run_ended_at"]) == is_known
