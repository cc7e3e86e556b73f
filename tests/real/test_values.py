"""On a real Airflow, the task process gets the values of the YAML byte for byte."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from examples import fewer
from harness import Airflow, Call, RecordingMeltano
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from project_builder import as_yaml, project_of, write
from strategies import TEXT, TRAPS

from codegen import pipeline
from codegen.text.jinja import is_template

pytestmark = pytest.mark.slow
_VALUES = TEXT.filter(lambda value: not is_template(value))
_SETTINGS = fewer(5, suppress_health_check=[HealthCheck.too_slow])


def _call(airflow: Airflow, meltano: RecordingMeltano, schedule: dict[str, Any]) -> Call:
    """Generate the DAG file of a schedule, execute its only task, and return the call of `meltano`."""
    with TemporaryDirectory() as folder:
        config = {"dagpress.toml": f'airflow = "{airflow.version}"\n', "schedules/a.yml": as_yaml(schedule)}
        generation = pipeline.generate(project_of(write(Path(folder), config)))
        assert not generation.diagnostics
        file = write(Path(folder), dict(generation.files)) / "generated_dags/a.py"
        task_id = "extract_load" if "extractor" in schedule else "load"
        answer = airflow.worker.execute(file, "meltano_a", task_id, meltano.env)
    assert answer["error"] is None, answer
    (call,) = meltano.take_calls()
    assert call.cwd == str(meltano.project)
    return call


def _schedule_of(values: list[str]) -> dict[str, Any]:
    words = [value for value in values if value]
    env = {f"V{number}": value for number, value in enumerate(values)}
    return {"interval": "@daily", "env": env, "tasks": [{"id": "load", "run": shlex.join(["x", *words])}]}


def _check(call: Call, values: list[str]) -> None:
    assert [call.env[f"V{number}"] for number in range(len(values))] == values
    assert call.argv == ["run", "x", *(value for value in values if value)]


def test_known_values_arrive_unchanged(airflow: Airflow, recording_meltano: RecordingMeltano) -> None:
    """Each value that Airflow, Jinja2 or the shell could change, as a variable and as an argument."""
    _check(_call(airflow, recording_meltano, _schedule_of(TRAPS)), TRAPS)


@pytest.mark.parametrize("last", [value for value in TRAPS if value])
def test_known_values_arrive_unchanged_at_the_end_of_a_command(
    airflow: Airflow, recording_meltano: RecordingMeltano, last: str
) -> None:
    """Airflow interprets the suffix of a command."""
    call = _call(
        airflow, recording_meltano, {"interval": "@daily", "tasks": [{"id": "load", "run": shlex.join(["x", last])}]}
    )
    assert call.argv == ["run", "x", last]


@_SETTINGS
@given(values=st.lists(_VALUES, min_size=1, max_size=30))
def test_any_value_arrives_unchanged(airflow: Airflow, recording_meltano: RecordingMeltano, values: list[str]) -> None:
    """Any text, as a variable and as an argument."""
    _check(_call(airflow, recording_meltano, _schedule_of(values)), values)


@_SETTINGS
@given(state_id=_VALUES.filter(str.strip))
def test_any_state_id_arrives_unchanged(airflow: Airflow, recording_meltano: RecordingMeltano, state_id: str) -> None:
    """The command of an extractor and a loader ends with it."""
    schedule = {"interval": "@daily", "extractor": "tap-a", "loader": "target-b", "state_id": state_id}
    call = _call(airflow, recording_meltano, schedule)
    assert call.argv == ["el", "tap-a", "target-b", f"--state-id={state_id}"]


def _names_of_bash() -> list[str]:
    """Return the variables that bash sets at its start, and others of its manual that it reads or sets."""
    own = subprocess.run(["bash", "-c", "compgen -v"], capture_output=True, text=True, check=True, env={}).stdout
    further = (
        "BASH_ENV BASH_COMPAT BASH_XTRACEFD CDPATH COLUMNS ENV EXECIGNORE FIGNORE FUNCNAME FUNCNEST GLOBIGNORE HOME "
    )
    further += (
        "HOSTFILE IGNOREEOF INPUTRC LANG LC_ALL LINES MAIL POSIXLY_CORRECT PROMPT_COMMAND PS0 PS1 RANDOM SRANDOM "
    )
    further += (
        "TIMEFORMAT TMOUT TMPDIR auto_resume histchars LD_LIBRARY_PATH EPOCHSECONDS EPOCHREALTIME HISTCMD SECONDS"
    )
    # Without PATH, the recording `meltano` is not found.
    return sorted({*own.split(), *further.split()} - {"PATH"})


def test_a_variable_of_bash_is_rejected_or_arrives_unchanged(
    airflow: Airflow, recording_meltano: RecordingMeltano
) -> None:
    """The shell executes, changes or drops no variable."""
    hostile = "$(touch owned)"
    free = []
    for name in _names_of_bash():
        with TemporaryDirectory() as folder:
            schedule = {"interval": "@daily", "tasks": [{"id": "load", "run": "x"}], "env": {name: hostile}}
            root = write(Path(folder), {"schedules/a.yml": as_yaml(schedule)})
            if pipeline.generate(project_of(root)).files:
                free.append(name)
    assert "LANG" in free
    assert "BASH_ENV" not in free
    env = dict.fromkeys(free, hostile)
    call = _call(airflow, recording_meltano, {"interval": "@daily", "tasks": [{"id": "load", "run": "x"}], "env": env})
    assert {name: call.env.get(name) for name in free} == env
    assert not list(recording_meltano.folder.rglob("owned"))


def test_a_rendered_template_is_never_code(airflow: Airflow, recording_meltano: RecordingMeltano) -> None:
    """It is one word, whatever it contains."""
    hostile = """{{ "'; touch " ~ ds ~ '; "$(id)' }}"""
    schedule = {
        "interval": "@daily",
        "env": {"DAY": "{{ ds }}"},
        "tasks": [{"id": "load", "run": f"x {hostile} --day={{{{ ds }}}}"}],
    }
    call = _call(airflow, recording_meltano, schedule)
    assert call.env["DAY"] == "2026-03-02"
    assert call.argv == ["run", "x", "'; touch 2026-03-02; \"$(id)", "--day=2026-03-02"]
