"""Run parameters and references to secrets, from the start of a run in Airflow to the Meltano process."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import environments
import pytest
from harness import Airflow, RecordingMeltano, generate
from project_builder import write

pytestmark = pytest.mark.slow

_NASTY = "a b\t'\"; $(touch owned) `touch owned` && \\ {{ ds }} {# no comment #} é 😀 --option *.sh\nline.sh"
_PARAMS = """\
interval: "@daily"
params:
  since: 2024-01-01
  full: {type: boolean, default: false}
  days: {type: integer, minimum: 1, default: 7}
  note: {type: [null, string]}
env:
  SINCE: "{{ params.since }}"
  FULL: "{{ params.full }}"
  DAYS: "{{ params.days }}"
  NOTE: "{{ params.note or '' }}"
tasks: ["tap-a --since={{ params.since }} target-b"]
"""
_SECRETS = """\
dag_id: secrets
interval: "@daily"
env:
  TAP_A_PASSWORD: "{{ conn.source.password }}"
  TAP_A_TOKEN: "{{ var.value.source_token }}"
  DATABASE: postgres://{{ conn.source.login }}:{{ conn.source.password }}@{{ conn.source.host }}/db
tasks: ["tap-a --config={{ var.value.source_token }} target-b"]
"""
_PASSWORD, _TOKEN = "made-up-password", "made-up-token"
# The first secrets backend, which records lookups of connections and variables.
_BACKEND = """\
import os
from airflow.secrets import BaseSecretsBackend

class Asked(BaseSecretsBackend):
    def _write(self, what):
        with open(os.environ["ASKED"], "a") as file:
            print(what, file=file)
        raise RuntimeError(f"asked for {what}")

    def get_connection(self, conn_id, *args, **kwargs):
        self._write(conn_id)

    def get_conn_value(self, conn_id, *args, **kwargs):
        self._write(conn_id)

    def get_variable(self, key, *args, **kwargs):
        self._write(key)
"""
_PARSE = """\
import sys
sys.path.insert(0, {inside!r})
import inside
answer = inside.import_file({file!r})
assert not answer["errors"], answer["errors"]
print("parsed", *(dag["dag_id"] for dag in answer["dags"]))
"""


def _generated(folder: Path, airflow: Airflow, schedule: str) -> Path:
    write(folder, {"schedules/a.yml": schedule, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    generate(folder)
    return folder / "generated_dags"


def _environ(meltano: RecordingMeltano, **extra: str) -> dict[str, str]:
    own = {name: value for name, value in meltano.env.items() if value is not None}
    return environments.clean_environ(**own, **extra)


@pytest.mark.parametrize(
    ("conf", "env"),
    [
        ({}, {"SINCE": "2024-01-01", "FULL": "False", "DAYS": "7", "NOTE": ""}),
        (
            {"since": _NASTY, "full": True, "days": 30, "note": "why"},
            {"SINCE": _NASTY, "FULL": "True", "DAYS": "30", "NOTE": "why"},
        ),
    ],
    ids=["defaults", "given"],
)
def test_run_parameters_reach_meltano(
    airflow: Airflow,
    recording_meltano: RecordingMeltano,
    tmp_path: Path,
    conf: dict[str, object],
    env: dict[str, str],
) -> None:
    """Byte for byte, as a variable and as an argument, and never as code."""
    folder = _generated(tmp_path, airflow, _PARAMS)
    given = ["--conf", json.dumps(conf)] if conf else []
    done = airflow.run("dags", "test", "meltano_a", *given, dags_folder=folder, env=_environ(recording_meltano))
    assert done.returncode == 0, done.stdout
    (call,) = recording_meltano.take_calls()
    assert {name: call.env[name] for name in env} == env
    assert call.argv == ["run", "tap-a", f"--since={env['SINCE']}", "target-b"]
    assert not list(recording_meltano.folder.rglob("owned"))


def test_airflow_rejects_a_run_with_invalid_parameters(
    airflow: Airflow, recording_meltano: RecordingMeltano, tmp_path: Path
) -> None:
    folder = _generated(tmp_path, airflow, _PARAMS)
    given = ["--conf", json.dumps({"days": 0})]
    done = airflow.run("dags", "test", "meltano_a", *given, dags_folder=folder, env=_environ(recording_meltano))
    assert done.returncode != 0
    assert "0 is less than the minimum of 1" in done.stdout
    assert recording_meltano.take_calls() == []


def test_parsing_a_dag_looks_up_no_connection_or_variable(airflow: Airflow, tmp_path: Path) -> None:
    """The first secrets backend gets no request, and there is no database."""
    file = _generated(tmp_path, airflow, _SECRETS) / "a.py"
    write(tmp_path, {"backend/asked.py": _BACKEND})
    environ = environments.clean_environ(
        PYTHONPATH=str(tmp_path / "backend"),
        ASKED=str(tmp_path / "asked"),
        AIRFLOW__SECRETS__BACKEND="asked.Asked",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tmp_path}/nowhere/airflow.db",
        AIRFLOW_HOME=str(tmp_path / "home"),
    )
    inside = str(environments.ROOT / "codegen" / "airflow")
    script = _PARSE.format(inside=inside, file=str(file))
    command: list[str | Path] = [airflow.folder / "bin" / "python", "-c", script]
    done = subprocess.run(command, env=environ, text=True, capture_output=True, check=False)
    assert "parsed secrets" in done.stdout, done.stdout + done.stderr
    assert not (tmp_path / "asked").exists()


def test_a_task_gets_its_connections_and_variables_when_it_runs(
    airflow: Airflow, recording_meltano: RecordingMeltano, tmp_path: Path
) -> None:
    """Neither the log nor the page of the task shows their secrets."""
    folder = _generated(tmp_path, airflow, _SECRETS)
    environ = _environ(
        recording_meltano,
        AIRFLOW_CONN_SOURCE=json.dumps({"conn_type": "generic", "login": "robot", "password": _PASSWORD, "host": "db"}),
        AIRFLOW_VAR_SOURCE_TOKEN=_TOKEN,
    )
    done = airflow.run("dags", "test", "secrets", dags_folder=folder, env=environ)
    assert done.returncode == 0, done.stdout
    (call,) = recording_meltano.take_calls()
    assert call.env["TAP_A_PASSWORD"] == _PASSWORD
    assert call.env["TAP_A_TOKEN"] == _TOKEN
    assert call.env["DATABASE"] == f"postgres://robot:{_PASSWORD}@db/db"
    assert call.argv == ["run", "tap-a", f"--config={_TOKEN}", "target-b"]
    with closing(sqlite3.connect(airflow.home / "airflow.db")) as database:
        ((shown,),) = database.execute(
            "select rendered_fields from rendered_task_instance_fields where dag_id = 'secrets'"
        )
    for text in (shown, done.stdout):
        assert _PASSWORD not in text
        assert _TOKEN not in text
    assert "postgres://robot:***@db/db" in shown
