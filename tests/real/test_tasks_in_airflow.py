"""Tasks of every kind on real Airflow: commands, Python, groups, trigger rules, and `before_run`."""

from __future__ import annotations

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from examples import fewer
from harness import Airflow, DemoProject, RecordingMeltano, generate
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from project_builder import as_yaml, project_of, write
from strategies import TEXT, TRAPS, graphs
from test_tasks import edges_of
from versions import NEWEST

from codegen import pipeline
from codegen.airflow_facts import facts_of
from codegen.airflow_facts.trigger_rules import TRIGGER_RULES
from codegen.text.jinja import is_template

pytestmark = pytest.mark.slow
_SETTINGS = fewer(5, suppress_health_check=[HealthCheck.too_slow])
_VALUES = TEXT.filter(lambda value: not is_template(value))
# Callables that return their arguments.
_TOLD = """\
def told(**values):
    return values


def rows(table, rows):
    return {"table": table, "rows": rows}
"""


def _file(airflow: Airflow, folder: str | Path, tasks: list[Any], **keys: Any) -> Path:
    """Generate the DAG file of a schedule with these tasks."""
    schedule = {"interval": "@daily", **keys, "tasks": tasks}
    config = {"dagpress.toml": f'airflow = "{airflow.version}"\n', "schedules/a.yml": as_yaml(schedule)}
    generation = pipeline.generate(project_of(write(Path(folder), config)))
    assert not generation.diagnostics
    files = {**generation.files, "generated_dags/told.py": _TOLD}
    return write(Path(folder), files) / "generated_dags/a.py"


def _execute(airflow: Airflow, meltano: RecordingMeltano, task: dict[str, Any]) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        file = _file(airflow, folder, [{"id": "it", **task}])
        return airflow.worker.execute(file, "meltano_a", "it", meltano.env)


def _words_of(airflow: Airflow, meltano: RecordingMeltano, values: list[str]) -> list[str]:
    """Return the arguments of a program that a command calls with these values in quotes."""
    answer = _execute(airflow, meltano, {"command": f"true\nmeltano {shlex.join(values)}\n"})
    assert answer["error"] is None, answer
    (call,) = meltano.take_calls()
    assert call.cwd == str(meltano.project)
    return call.argv


def test_a_command_arrives_byte_for_byte(airflow: Airflow, recording_meltano: RecordingMeltano) -> None:
    """Each value that Jinja2 or Python literals could change."""
    assert _words_of(airflow, recording_meltano, TRAPS) == TRAPS


@pytest.mark.parametrize("last", ["./run.sh", "a.bash", "x{#", "x "])
def test_the_last_word_of_a_command_arrives_unchanged(
    airflow: Airflow, recording_meltano: RecordingMeltano, last: str
) -> None:
    """Airflow interprets the suffix of a command."""
    assert _words_of(airflow, recording_meltano, [last]) == [last]


@_SETTINGS
@given(values=st.lists(_VALUES, min_size=1, max_size=10))
def test_any_command_arrives_byte_for_byte(
    airflow: Airflow, recording_meltano: RecordingMeltano, values: list[str]
) -> None:
    """Any text in shell quotes."""
    assert _words_of(airflow, recording_meltano, [*values, "x"]) == [*values, "x"]


def test_a_command_stops_at_the_first_failure(airflow: Airflow, recording_meltano: RecordingMeltano) -> None:
    """Rendered templates are passed in the environment, and are never code."""
    hostile = "'; meltano owned; '"
    task = {"env": {"DAY": f"{{{{ ds }}}}{hostile}"}, "command": 'meltano "$DAY"\nfalse\nmeltano never\n'}
    assert "non-zero exit code" in _execute(airflow, recording_meltano, task)["error"]
    assert [call.argv for call in recording_meltano.take_calls()] == [[f"2026-03-02{hostile}"]]
    # By default, BashOperator skips the task, and a pipe returns the exit code of its last command.
    for command in ("exit 99", "false | cat", 'day=$(false; echo "$DAY")'):
        assert "non-zero exit code" in str(_execute(airflow, recording_meltano, {"command": command})["error"])


def test_the_commands_of_before_run_run_before_the_run(airflow: Airflow, recording_meltano: RecordingMeltano) -> None:
    """In the same task, with the same environment variables, and every template is one word."""
    task = {"run": "tap-a target-b", "before_run": ['state list --pattern "{{ ds }} \'$(id)"', "invoke tap-a '*'"]}
    assert _execute(airflow, recording_meltano, task)["error"] is None
    assert [call.argv for call in recording_meltano.take_calls()] == [
        ["state", "list", "--pattern", "2026-03-02 '$(id)"],
        ["invoke", "tap-a", "*"],
        ["run", "tap-a", "target-b"],
    ]


def test_a_callable_gets_its_arguments(airflow: Airflow, recording_meltano: RecordingMeltano) -> None:
    """Templates are rendered at any depth; all other values have their YAML type."""
    arguments = {"day": "{{ ds }}", "n": 1, "f": 2.5, "flag": True, "none": None, "deep": {"a": ["{{ ds }}", {"b": 1}]}}
    answer = _execute(airflow, recording_meltano, {"python": "told.told", "op_kwargs": arguments})
    assert answer["error"] is None, answer
    assert answer["result"] == {**arguments, "day": "2026-03-02", "deep": {"a": ["2026-03-02", {"b": 1}]}}
    own = {"table": "t", "rows": "an argument by the name of the callable"}
    assert _execute(airflow, recording_meltano, {"python": "told.rows", "op_kwargs": own})["result"] == own


@_SETTINGS
@given(values=st.dictionaries(st.sampled_from(["a", "b", "c"]), _VALUES | st.lists(_VALUES), min_size=1))
def test_any_argument_arrives_unchanged(
    airflow: Airflow, recording_meltano: RecordingMeltano, values: dict[str, Any]
) -> None:
    """Any text, also with the suffix of a file name."""
    answer = _execute(airflow, recording_meltano, {"python": "told.told", "op_kwargs": values})
    assert (answer["error"], answer["result"]) == (None, values)


def test_a_missing_module_fails_only_its_task(airflow: Airflow, recording_meltano: RecordingMeltano) -> None:
    """The file loads, and the error of the task names the module."""
    assert "no_such_module" in _execute(airflow, recording_meltano, {"python": "no_such_module.rows"})["error"]


@_SETTINGS
@given(tasks=graphs())
def test_airflow_has_the_arrows_and_groups_of_the_yaml(airflow: Airflow, tasks: list[dict[str, Any]]) -> None:
    """For any graph, without a warning."""
    with TemporaryDirectory() as folder:
        loaded = airflow.worker.import_file(_file(airflow, folder, [{**task, "command": "true"} for task in tasks]))
    assert (loaded["errors"], loaded["warnings"]) == ([], [])
    (dag,) = loaded["dags"]
    assert {task["task_id"]: set(task["upstream"]) for task in dag["tasks"]} == edges_of(tasks)
    assert {task["task_id"]: task["group"] for task in dag["tasks"]} == {t["id"]: t.get("group") for t in tasks}


def test_airflow_has_every_trigger_rule_of_its_version(airflow: Airflow, tmp_path: Path) -> None:
    """Each task has its own."""
    rules = [rule for rule in TRIGGER_RULES if rule in facts_of(airflow.version).trigger_rules]
    tasks = [{"id": rule, "command": "true", "after": [], "trigger_rule": rule} for rule in rules]
    loaded = airflow.worker.import_file(_file(airflow, tmp_path, tasks))
    assert (loaded["errors"], loaded["warnings"]) == ([], [])
    assert {task["task_id"]: task["trigger_rule"] for task in loaded["dags"][0]["tasks"]} == dict(
        zip(rules, rules, strict=True)
    )


_DIAMOND = """\
interval: "@daily"
env: {DAY: "{{ ds }}"}
tasks:
- {id: prepare, command: 'echo "$DAY" > prepared'}
- id: readings
  group: load
  run: tap-carbon target-duckdb
  before_run:
  - config set target-duckdb default_target_schema "of_{{ ds_nodash }}"
  - select tap-carbon '*' '*'
  after: [prepare]
- id: forecasts
  group: load
  run: tap-carbon-forecast target-duckdb
  env: {TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA: planning}
  after: [prepare]
- id: check
  python: carbon_checks.check
  op_kwargs: {path: "{{ var.value.checked }}", expected: "{{ ds }}"}
  after: [load]
- {id: alert, command: touch alerted, after: [check], trigger_rule: one_failed}
- {id: tidy, command: touch tidied, after: [check, alert], trigger_rule: none_failed}
"""
_CHECK = """\
from pathlib import Path

from {} import get_current_context


def check(path, expected):
    assert get_current_context()["ds"] == expected
    assert (Path(path) / "prepared").read_text() == expected + "\\n"
    (Path(path) / "checked").touch()
"""


def test_a_diamond_with_every_kind_of_task_runs(airflow: Airflow, demo_project: DemoProject, tmp_path: Path) -> None:
    """With a real Meltano: `before_run` has its effect, tasks wait for the group, and the alert is skipped."""
    write(tmp_path, {"schedules/diamond.yml": _DIAMOND, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    generate(tmp_path)
    sdk = "airflow.sdk" if airflow.version == NEWEST else "airflow.operators.python"
    dags = write(tmp_path / "generated_dags", {"carbon_checks.py": _CHECK.format(sdk)})
    env = demo_project.environ(AIRFLOW_VAR_CHECKED=str(demo_project.folder))
    done = airflow.run("dags", "test", "meltano_diamond", "2026-03-02", dags_folder=dags, env=env)
    assert done.returncode == 0, done.stdout
    made = {path.name for path in demo_project.folder.iterdir()}
    assert made >= {"prepared", "checked", "tidied"}
    assert "alerted" not in made
    assert demo_project.rows("of_20260302.readings") == 8
    assert demo_project.rows("planning.forecasts") == 3
    # `meltano config` sets a value permanently; the environment variables of a task override it.
    assert "default_target_schema: of_20260302" in (demo_project.folder / "meltano.yml").read_text()
