"""Every generated file is imported by the real Airflow that it was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Airflow

pytestmark = pytest.mark.slow


def test_every_file_imports_without_an_error_or_a_warning(airflow: Airflow, dags_folder: Callable[[str], Path]) -> None:
    files = sorted(dags_folder(airflow.version).rglob("*.py"))
    assert files
    answers = {path.name: airflow.worker.import_file(path) for path in files}
    assert {name: answer["errors"] for name, answer in answers.items() if answer["errors"]} == {}
    assert {name: answer["warnings"] for name, answer in answers.items() if answer["warnings"]} == {}
    assert [name for name, answer in answers.items() if not answer["dags"]] == []


def test_the_airflow_is_the_one_that_the_files_are_for(airflow: Airflow) -> None:
    assert airflow.worker.started["version"].startswith(f"{airflow.version}.")
