"""Each folder of `cases` is a project: what it generates, or what it is told, is kept beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from codegen.cli.main import main

if TYPE_CHECKING:
    from pytest_regressions.file_regression import FileRegressionFixture

CASES = Path(__file__).parent / "cases"
# The version of the configuration where the case has one, else these two; the first has the plain folder.
_FOLDERS = {"3.3": "generated_dags", "2.11": "generated_dags_airflow_2"}
_OUTPUT = {*_FOLDERS.values(), "stderr.txt"}


def _cases() -> list[tuple[str, str]]:
    """Every case, with every Airflow that its configuration leaves open."""
    names = sorted(path.name for path in CASES.iterdir())
    return [(name, v) for name in names for v in _FOLDERS if v == "3.3" or "airflow" not in _configuration(name)]


def _configuration(name: str) -> str:
    path = CASES / name / "dagpress.toml"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(("name", "airflow"), _cases())
def test_case(
    name: str, airflow: str, tmp_path: Path, file_regression: FileRegressionFixture, *, regen_all: bool
) -> None:
    """A project gives exactly the files and the messages that are kept; an error gives no file."""
    case, project = CASES / name, tmp_path / "project"
    shutil.copytree(case, project, symlinks=True, ignore=shutil.ignore_patterns(*_OUTPUT))
    if "airflow" not in _configuration(name):
        # Behind what is there, so that messages name its lines.
        (project / "dagpress.toml").write_text(f'{_configuration(name)}airflow = "{airflow}"\n')

    result = CliRunner().invoke(main, ["--project", str(project), "generate"], standalone_mode=False)

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    code = result.return_value
    stderr = f"{result.stderr}exit code {int(code)}\n"
    generated = _texts(project / "generated_dags")
    assert bool(generated) == (code != 2), "an error and files go together"
    if airflow == "3.3":
        _check_text(file_regression, stderr, case / "stderr.txt")
    folder = case / _FOLDERS[airflow]
    for path, text in generated.items():
        _check_text(file_regression, text, folder / path)
    orphans = _texts(folder).keys() - generated.keys()
    if regen_all:
        for path in orphans:
            (folder / path).unlink()
    assert not orphans, "expected files that nothing generates: `make goldens` removes them"


@pytest.fixture
def regen_all(request: pytest.FixtureRequest) -> bool:
    """Whether `make goldens` writes the expected files."""
    return bool(request.config.getoption("regen_all"))


def _texts(folder: Path) -> dict[str, str]:
    return {
        Path(parent, file).relative_to(folder).as_posix(): Path(parent, file).read_bytes().decode()
        for parent, _, files in os.walk(folder)
        for file in files
        if not file.endswith(".pyc")
    }


def _check_text(file_regression: FileRegressionFixture, text: str, path: Path) -> None:
    file_regression.check(text, fullpath=path, encoding="utf-8", extension=path.suffix)
