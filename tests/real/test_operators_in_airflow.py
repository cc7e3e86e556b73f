"""Operators of `uses` on real Airflow: all operators of the facts load, and reported arguments fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Airflow
from project_builder import as_yaml, project_of, write

from codegen import pipeline
from codegen.airflow_facts import facts_of
from codegen.keys.operator_arguments import example

pytestmark = pytest.mark.slow
# Values of arguments that do not accept the example of their type.
_VALUES: dict[str, Any] = {
    "python_callable": {"$import": "quality.checks.check_rows"},
    "follow_task_ids_if_true": "next",
    "follow_task_ids_if_false": "next",
    "week_day": "Monday",
    "options": ["yes", "no"],
    "bash_command": "true",
}
# A base class; an operator that needs a `DAG` object; and on Airflow 2, those that need a missing package.
_LEFT_OUT = {
    "BaseBranchOperator",
    "SubDagOperator",
    "PythonVirtualenvOperator",
    "BranchPythonVirtualenvOperator",
}


def _generation(airflow: Airflow, folder: Path, tasks: list[dict[str, Any]]) -> pipeline.Generation:
    schedule = {"interval": "@daily", "tasks": tasks}
    config = {"dagpress.toml": f'airflow = "{airflow.version}"\n', "schedules/a.yml": as_yaml(schedule)}
    return pipeline.generate(project_of(write(folder, config)))


def _answer(airflow: Airflow, folder: Path, generation: pipeline.Generation) -> dict[str, Any]:
    return airflow.worker.import_file(write(folder, dict(generation.files)) / "generated_dags/a.py")


def test_every_operator_of_the_facts_loads_with_its_required_arguments(airflow: Airflow, tmp_path: Path) -> None:
    """The examples in the message about a missing argument have the types that Airflow accepts."""
    facts, tasks = facts_of(airflow.version), list[dict[str, Any]]()
    names = sorted(facts.core_operators.keys() - _LEFT_OUT)
    for name in names:
        found = facts.class_of(name)
        assert found
        values = {each: _VALUES.get(each, example(found.arguments[each])) for each in found.required}
        tasks.append({"id": name, "uses": name, "after": [], **({"with": values} if values else {})})
    tasks.append({"id": "next", "command": "true", "after": names})
    generation = _generation(airflow, tmp_path, tasks)
    assert generation.diagnostics == []
    loaded = _answer(airflow, tmp_path, generation)
    assert loaded["errors"] == []
    assert len(loaded["dags"][0]["tasks"]) == len(tasks)


@pytest.mark.parametrize(
    ("task", "code", "reason"),
    [
        ({"uses": "FileSensor", "with": {"filepath": "a", "fs_con_id": "b"}}, "unknown-argument", "fs_con_id"),
        ({"uses": "ShortCircuitOperator", "with": {"python_callable": "quality.f"}}, "argument-type", "callable"),
        ({"uses": "FileSensor", "with": {"filepath": "a", "mode": 5}}, "argument-type", "mode"),
        ({"uses": "TimeDeltaSensorAsync", "with": {"delta": 5}}, "argument-type", ""),
        ({"uses": "airflow.providers.http.operators.http.HttpOperatr"}, "", "HttpOperatr"),
    ],
)
def test_a_reported_argument_fails_in_airflow(
    airflow: Airflow, tmp_path: Path, task: dict[str, Any], code: str, reason: str
) -> None:
    """An operator without facts gets no warning: only a real Airflow can check it."""
    generation = _generation(airflow, tmp_path, [{"id": "it", **task}])
    assert [each.code for each in generation.diagnostics] == ([code] if code else [])
    errors = _answer(airflow, tmp_path, generation)["errors"]
    assert reason in str(errors)
    assert bool(errors) == bool(reason)
