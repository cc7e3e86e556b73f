"""The real Airflow of each generated file imports it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from examples import fewer
from harness import Airflow, generate_examples
from hypothesis import HealthCheck, given
from project_builder import as_yaml, project_of, write
from strategies import SCHEDULES
from test_cases import CASES, generate_case, version_of

from codegen import pipeline

pytestmark = pytest.mark.slow


def _check(airflow: Airflow, files: list[Path]) -> None:
    assert files
    answers = {str(path): airflow.worker.import_file(path) for path in files}
    assert {name: answer["errors"] for name, answer in answers.items() if answer["errors"]} == {}
    assert {name: answer["warnings"] for name, answer in answers.items() if answer["warnings"]} == {}
    written = {name: Path(name).read_text().count("\nwith DAG(") for name in answers}
    assert {name: len(answer["dags"]) for name, answer in answers.items()} == written


def test_every_file_imports_without_an_error_or_a_warning(airflow: Airflow, dags_folder: Callable[[str], Path]) -> None:
    _check(airflow, sorted(dags_folder(airflow.version).rglob("*.py")))


def test_every_case_imports_without_an_error_or_a_warning(airflow: Airflow, tmp_path: Path) -> None:
    """The cases have every key, interval and unusual value."""
    for case in CASES.iterdir():
        if version_of(case.name) in {None, airflow.version}:
            generate_case(case.name, airflow.version, tmp_path / case.name)
    _check(airflow, sorted(tmp_path.glob("*/generated_dags/**/*.py")))


def test_every_example_imports_without_an_error(airflow: Airflow, tmp_path: Path) -> None:
    """`test_examples.py` has those with providers that this Airflow lacks. Only providers warn, when imported."""
    files = sorted(generate_examples(airflow.version, tmp_path / "examples").glob("*.py"))
    for file in files:
        loaded = airflow.worker.import_file(file)
        if file.stem not in {"papermill", "ssh"}:
            assert loaded["errors"] == []
            assert [warning for warning in loaded["warnings"] if file.name in warning] == []


@fewer(2, suppress_health_check=[HealthCheck.too_slow])
@given(schedules=SCHEDULES)
def test_every_valid_schedule_imports_without_an_error_or_a_warning(
    airflow: Airflow, schedules: dict[str, Any]
) -> None:
    """For generated schedules that `validate` accepts."""
    with TemporaryDirectory() as folder:
        files = {f"schedules/{name}.yml": as_yaml(schedule) for name, schedule in schedules.items()}
        root = write(Path(folder), {**files, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
        generated = write(root, dict(pipeline.generate(project_of(root)).files)) / "generated_dags"
        if generated.exists():
            _check(airflow, sorted(generated.rglob("*.py")))


def test_the_airflow_has_the_version_of_the_files(airflow: Airflow) -> None:
    assert airflow.worker.started["version"].startswith(f"{airflow.version}.")
