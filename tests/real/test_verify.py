"""`dagpress verify` reports DAG files that fail in a real Airflow, at the line in the YAML."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from environments import ROOT
from harness import Airflow
from project_builder import configured, dagpress, refusal, write
from pytest_regressions.file_regression import FileRegressionFixture

from codegen.airflow.installation import version_of

pytestmark = pytest.mark.slow

_FOLDER = ROOT / "tests" / "verified"
# The deprecations of each Airflow.
_DEPRECATED = {
    "airflow-2": "airflow.hooks.base_hook.BaseHook",
    "airflow-3": "airflow.models.baseoperator.chain",
}


def _program(airflow: Airflow) -> Path:
    return airflow.folder / "bin" / "airflow"


def _verify(root: Path, airflow: Airflow, *arguments: str) -> tuple[int, str, str]:
    return dagpress(root, "verify", "--airflow", str(_program(airflow)), *arguments)


def test_each_failure_is_reported_at_its_line(
    airflow: Airflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_regression: FileRegressionFixture
) -> None:
    """A broken file does not affect others, whatever it does to Python or prints.

    In the file of a folder, a failure is at the schedule of its DAG; a failed import is at every schedule that uses it.
    """
    root = tmp_path / "project"
    shutil.copytree(_FOLDER, root)
    write(root, {"dagpress.toml": configured('layout = "folder"\n', airflow.version)})
    assert dagpress(root, "generate")[0] == 0
    monkeypatch.setenv("PYTHONPATH", str(root / "lib"))
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "2")
    before = {path for path in root.rglob("*") if path.suffix != ".pyc"}
    code, _, err = _verify(root, airflow)
    text = f"{err}exit code {code}\n"
    file_regression.check(text, fullpath=_FOLDER / "stderr.txt", encoding="utf-8", newline="")
    assert {path for path in root.rglob("*") if path.suffix != ".pyc"} == before
    code, out, _ = _verify(root, airflow, "fine", "unknown_arguments", "--format", "github")
    assert code == 2
    assert "::error file=schedules/unknown_arguments.yml,line=6,col=21,title=dags-not-loaded::" in out


def test_dag_files_that_load_have_only_warnings(
    airflow: Airflow, tmp_path: Path, file_regression: FileRegressionFixture
) -> None:
    """A comment silences them; outdated files are not loaded; another environment has no warnings."""
    old = (
        'interval: "@daily"\ntasks:\n- uses: BashOperator\n  with:\n    bash_command: "true"\n'
        f"    output_processor: {{$import: {_DEPRECATED[airflow.name]}}}\n"
    )
    files = {
        "schedules/old.yml": old,
        "schedules/team/waits.yml": "after:\n  asset: orders\ntasks:\n- command: ls\n  id: a\n",
        "schedules/first.yml": 'interval: "@daily"\ntasks:\n- {command: ls, id: a}\n',
        "schedules/second.yml": "after: first\ntasks:\n- {command: ls, id: a}\n",
        "dagpress.toml": configured(
            'environments = ["dev", "prod"]\nseparate_system_databases = true\nlayout = "folder"\n', airflow.version
        ),
    }
    root = write(tmp_path, files)
    assert dagpress(root, "generate")[0] == 0
    code, _, err = _verify(root, airflow)
    output = f"{err.replace(version_of(_program(airflow)), 'VERSION')}exit code {code}\n"
    file_regression.check(output, fullpath=_FOLDER / f"warnings_{airflow.name}.txt", encoding="utf-8", newline="")
    code, _, err = _verify(root, airflow, "--strict", "second")
    assert (code, err.partition(" in ")[0]) == (0, "4 DAG files")
    write(root, {"schedules/old.yml": f"{old.rstrip()}  # dagpress: ignore[deprecated] soon\n"})
    write(root, {"schedules/team/gives.yml": 'interval: "@daily"\noutlets: [orders]\ntasks:\n- {command: ls, id: a}\n'})
    code, _, err = _verify(root, airflow)
    missing = (
        "schedules/team/gives.yml:1:1: missing: the DAG of this schedule is missing in `generated_dags/dev/team.py`"
    )
    assert missing in err
    assert code == 1
    dagpress(root, "generate")
    assert _verify(root, airflow, "--strict")[0] == 0


def test_an_airflow_of_another_version_is_an_error(airflow3: Airflow, tmp_path: Path) -> None:
    root = write(
        tmp_path, {"schedules/a.yml": 'interval: "@daily"\ntasks: a b\n', "dagpress.toml": configured("", "2.11")}
    )
    output = refusal(root, "verify", "--airflow", str(_program(airflow3)))
    assert 'the configuration has airflow = "2.11"' in output
    assert 'set airflow = "3.3" in the configuration' in output
    assert "pass the `airflow` program of Airflow 2.11 with --airflow" in output
    assert sys.executable not in output
