"""Each folder of `cases` is a project with its expected files or messages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import black
import pytest
from click.testing import CliRunner
from project_builder import configured
from pytest_regressions.file_regression import FileRegressionFixture
from versions import NEWEST, NEWEST_2

from codegen.cli.main import main

CASES = Path(__file__).parent / "cases"
# A case is for the version of its configuration, else for the newest; and for the newest 2 if the case has expected
# files for it, because they differ in more than names. `real/test_import.py` imports every case into both.
_FOLDERS = {NEWEST: "generated_dags", NEWEST_2: "generated_dags_airflow_2"}
_STDERR, _STDERR_AIRFLOW_2 = "stderr.txt", "stderr_airflow_2.txt"
_OUTPUT = {*_FOLDERS.values(), _STDERR, _STDERR_AIRFLOW_2}


def _cases() -> list[tuple[str, str]]:
    """Yield every case with its versions of Airflow."""
    cases = sorted(CASES.iterdir())
    of_2 = [case for case in cases if any((case / each).exists() for each in (_FOLDERS[NEWEST_2], _STDERR_AIRFLOW_2))]
    return [(case.name, NEWEST) for case in cases] + [(case.name, NEWEST_2) for case in of_2]


def version_of(name: str) -> str | None:
    """Return the only Airflow version of a case, if it has one; the newest means any version, as in the README."""
    found = re.search(r'^airflow = "(.*)"', _configuration(name), re.MULTILINE)
    return found[1] if found and found[1] != NEWEST else None


def _configuration(name: str) -> str:
    path = CASES / name / "dagpress.toml"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(("name", "airflow"), _cases())
def test_a_case_has_the_expected_files_and_messages(
    name: str, airflow: str, tmp_path: Path, file_regression: FileRegressionFixture, *, regen_all: bool
) -> None:
    """With an error, no file is generated."""
    case = CASES / name
    code, stderr, generated = generate_case(name, airflow, tmp_path / "project")
    assert bool(generated) == (code != 2), "an error and files go together"
    output = case / _STDERR
    if airflow != NEWEST:
        if regen_all:
            _keep_what_differs(case, stderr, generate_case(name, NEWEST, tmp_path / "newest")[1])
        output = case / _STDERR_AIRFLOW_2 if (case / _STDERR_AIRFLOW_2).exists() else output
    if airflow == NEWEST or not regen_all:
        _check_text(file_regression, stderr, output)
    folder = case / _FOLDERS[airflow]
    for path, text in generated.items():
        _check_text(file_regression, text, folder / path)
    orphans = _texts(folder).keys() - generated.keys()
    if regen_all:
        for path in orphans:
            (folder / path).unlink()
    assert not orphans, "expected files that nothing generates: `make goldens` removes them"


def copy_case(name: str, project: Path, airflow: str = NEWEST) -> Path:
    """Copy the case without its expected files, for an Airflow version unless the case has its own."""
    shutil.copytree(CASES / name, project, symlinks=True, ignore=shutil.ignore_patterns(*_OUTPUT))
    text = _configuration(name).replace(f'airflow = "{NEWEST}"', f'airflow = "{airflow}"')
    (project / "dagpress.toml").write_text(configured(text, airflow))
    return project


def test_no_formatter_changes_a_generated_file() -> None:
    """With any settings: otherwise, a project's formatter would change each file."""
    files = [str(path) for folder in _FOLDERS.values() for path in CASES.glob(f"*/{folder}/**/*.py")]
    assert len(files) > 100
    ruff = (Path(sys.executable).with_name("ruff"), "format", "--isolated", "--check", "--quiet")
    for setting in ("line-length=88", "line-length=100", "line-length=120", 'format.quote-style="single"'):
        done = subprocess.run([*ruff, "--config", setting, *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    source = (CASES / "tasks_of_every_kind/generated_dags/every_kind.py").read_text()
    for mode in (black.Mode(), black.Mode(line_length=100)):
        assert black.format_str(source, mode=mode) == source


def generate_case(name: str, airflow: str, project: Path) -> tuple[int, str, dict[str, str]]:
    """Return the exit code, the messages, and the generated files of a copy of the case."""
    copy_case(name, project, airflow)
    result = CliRunner().invoke(main, ["--project", str(project), "generate"], standalone_mode=False)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    code = int(result.return_value)
    return code, f"{result.stderr}exit code {code}\n", _texts(project / "generated_dags")


def _keep_what_differs(case: Path, stderr: str, of_the_newest: str) -> None:
    """Write the messages for Airflow 2 if they differ from those for the newest version."""
    path = case / _STDERR_AIRFLOW_2
    if stderr == of_the_newest:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(stderr.encode())


@pytest.fixture
def regen_all(request: pytest.FixtureRequest) -> bool:
    """Return whether `make goldens` writes the expected files."""
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
