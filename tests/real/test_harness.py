"""The harness itself: it reports failures, warnings and changed values."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from environments import clean_environ
from harness import Airflow, RecordingMeltano
from versions import NEWEST, NEWEST_2

pytestmark = pytest.mark.slow

IMPORTS = {
    NEWEST: "from airflow.providers.standard.operators.bash import BashOperator\nfrom airflow.sdk import DAG\n",
    NEWEST_2: "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n",
}
# Deprecated names of each version.
DEPRECATED = {
    NEWEST: "from airflow.operators.bash import BashOperator\n",
    NEWEST_2: "from airflow.operators.bash_operator import BashOperator\n",
}
DAG = """
with DAG("nasty", schedule=None):
    BashOperator(task_id="task", bash_command="meltano {{ ds }} \\"$VALUE\\"", env={"VALUE": %r}, append_env=True)
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "nasty.py"
    path.write_text(text)
    return path


def test_a_deprecation_is_reported_every_time(airflow: Airflow, tmp_path: Path) -> None:
    path = _write(tmp_path, DEPRECATED[airflow.version])
    for _ in range(2):
        seen = airflow.worker.import_file(path)["warnings"]
        assert any("Deprecat" in warning or "RemovedIn" in warning for warning in seen), seen


def test_a_file_without_dags_causes_no_warning(airflow: Airflow, tmp_path: Path) -> None:
    path = _write(tmp_path, "import airflow\n")
    answer = airflow.worker.import_file(path)
    assert (answer["dags"], answer["errors"], answer["warnings"]) == ([], [], [])


def test_a_broken_file_is_an_error(airflow: Airflow, tmp_path: Path) -> None:
    path = _write(tmp_path, "import no_such_module\n")
    assert "no_such_module" in airflow.worker.import_file(path)["errors"][0]["traceback"]


def test_a_failing_task_has_an_error(airflow: Airflow, tmp_path: Path) -> None:
    path = _write(tmp_path, IMPORTS[airflow.version] + DAG % "x")
    answer = airflow.worker.execute(path, "nasty", "task", {"PATH": "/nowhere"})
    assert "non-zero exit code" in answer["error"] or "FileNotFoundError" in answer["error"]


def test_values_are_changed_as_in_airflow(
    airflow: Airflow, tmp_path: Path, recording_meltano: RecordingMeltano
) -> None:
    """`validate` rejects these values of templated fields because Airflow changes them."""
    path = _write(tmp_path, IMPORTS[airflow.version] + DAG % "a\r\nb\n")
    assert airflow.worker.execute(path, "nasty", "task", recording_meltano.env)["error"] is None
    (call,) = recording_meltano.take_calls()
    assert call.env["VALUE"] == "a\nb"
    path = _write(tmp_path, IMPORTS[airflow.version] + DAG % "run.sh")
    assert "run.sh" in airflow.worker.execute(path, "nasty", "task", recording_meltano.env)["error"]


def test_the_worker_and_a_real_run_agree(airflow: Airflow, tmp_path: Path, recording_meltano: RecordingMeltano) -> None:
    """A task gets the same from `airflow dags test` and from the worker, except for the names of the run."""
    value = "  {{ '{{' }} 'q' \"d\" \\ $HOME\nsecond `line` ü"
    path = _write(tmp_path, IMPORTS[airflow.version] + DAG % value)
    assert airflow.worker.execute(path, "nasty", "task", recording_meltano.env)["error"] is None
    own = {name: text for name, text in recording_meltano.env.items() if text is not None}
    environ = clean_environ(AIRFLOW_HOME=str(airflow.home), AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path), **own)
    command: list[str | Path] = [airflow.folder / "bin/airflow", "dags", "test", "nasty"]
    done = subprocess.run(command, env=environ, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
    in_worker, in_run = recording_meltano.take_calls()
    assert in_worker.env["VALUE"] == in_run.env["VALUE"]
    assert in_worker.argv[1:] == in_run.argv[1:]
    names = {name for name in in_run.env if name.startswith("AIRFLOW_CTX_")}
    assert {name for name in in_worker.env if name.startswith("AIRFLOW_CTX_")} <= names
