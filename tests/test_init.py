"""`dagpress init` and `dagpress add files airflow`: what a Meltano project gets, and that nothing of it is touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from project_builder import dagpress, files_of, project_of, write
from versions import NEWEST, NEWEST_2

MELTANO_YML = """\
plugins:
  extractors: [{name: tap-gitlab}]
  loaders: [{name: target-postgres}]
schedules:
- name: gitlab
  extractor: tap-gitlab
  loader: target-postgres
  transform: skip
  interval: '@daily'
"""
ADDED = {
    "dagpress.toml",
    "dagpress.mk",
    "Makefile",
    ".github/workflows/dagpress.yml",
    ".pre-commit-config.yaml",
    "schedules/gitlab.yml",
    "schedules/schedule.schema.json",
    "generated_dags/gitlab.py",
}


@pytest.mark.parametrize("command", [("init",), ("add", "files", "airflow")])
def test_a_meltano_project_becomes_one_of_dagpress(tmp_path: Path, command: tuple[str, ...]) -> None:
    """With its schedules; what is generated is current, and a second time changes nothing."""
    write(tmp_path, {"meltano.yml": MELTANO_YML})
    code, out, _ = dagpress(tmp_path, *command)
    assert code == 0
    assert files_of(tmp_path).keys() == {"meltano.yml", *ADDED}
    assert set(out.split("\n")) >= {f"created {name}" for name in ADDED}
    assert dagpress(tmp_path, "check")[0] == 0
    before = files_of(tmp_path)
    assert dagpress(tmp_path, *command)[0] == 0
    assert files_of(tmp_path) == before


def test_what_is_there_stays_and_what_is_left_to_do_is_said(tmp_path: Path) -> None:
    """Whatever the files hold."""
    own = {
        "Makefile": "all:\n",
        ".pre-commit-config.yaml": "repos: []\n",
        ".github/workflows/dagpress.yml": "mine\n",
        "pyproject.toml": f'[tool.dagpress]\nairflow = "{NEWEST_2}"\n',
        "dagpress.mk": "mine\n",
    }
    write(tmp_path, {"meltano.yml": MELTANO_YML, **own})
    code, _, err = dagpress(tmp_path, "init")
    assert code == 0
    assert {name: data.decode() for name, data in files_of(tmp_path).items() if name in own} == own
    assert not (tmp_path / "dagpress.toml").exists()
    assert "- Add the line `include dagpress.mk` to Makefile.\n" in err
    assert "- Add a local hook with the entry `dagpress check` to .pre-commit-config.yaml.\n" in err


def test_nothing_is_written_where_meltano_would_overwrite_it(tmp_path: Path) -> None:
    """`include_paths` matches a file of ours; the pattern that the message gives matches Meltano's alone."""
    text = f'include_paths: ["**/*.yml"]\n{MELTANO_YML}'
    root = write(tmp_path, {"meltano.yml": text, "plugins/more.yml": "plugins: {}\n"})
    before = files_of(root)
    code, _, err = dagpress(root, "init")
    assert (code, files_of(root)) == (2, before)
    assert "included-schedules" in err
    instead = err.split("write `")[1].split("`")[0]
    write(root, {"meltano.yml": text.replace("**/*.yml", instead)})
    assert dagpress(root, "init")[0] == 0
    assert "more.yml" in str(list(root.glob(instead)))


@pytest.mark.parametrize(
    ("pip_url", "version"),
    [
        ("apache-airflow==2.10.5", "2.10"),
        ("apache-airflow[postgres]==3.1.8 psycopg2", "3.1"),
        ("apache-airflow==2.1.2", "2.10"),
    ],
)
def test_the_airflow_is_the_one_that_the_project_pins(tmp_path: Path, pip_url: str, version: str) -> None:
    """Where it is one that we know; an option goes before it."""
    text = f"plugins: {{utilities: [{{name: airflow, pip_url: '{pip_url}'}}]}}\n"
    write(tmp_path, {"meltano.yml": text})
    assert dagpress(tmp_path, "init")[0] == 0
    assert project_of(tmp_path).airflow == version
    (tmp_path / "dagpress.toml").unlink()
    assert dagpress(tmp_path, "init", "--airflow", NEWEST_2)[0] == 0
    assert project_of(tmp_path).airflow == NEWEST_2
    code, _, err = dagpress(tmp_path, "init", "--airflow", NEWEST)
    assert code == 1
    assert f"The configuration is for Airflow {NEWEST_2}" in err


def test_a_project_without_schedules_gets_its_folders(tmp_path: Path) -> None:
    """Git keeps no empty folder."""
    write(tmp_path, {"meltano.yml": "schedules:\n"})
    assert dagpress(tmp_path, "init")[0] == 0
    assert (tmp_path / "schedules/.gitkeep").exists()
    assert (tmp_path / "generated_dags/.gitkeep").exists()


def test_a_meltano_project_elsewhere_is_named_in_the_configuration(tmp_path: Path) -> None:
    """Relative to the project, so that every clone has it."""
    write(tmp_path, {"meltano/meltano.yml": MELTANO_YML, "airflow/README.md": ""})
    assert dagpress(tmp_path / "airflow", "init", str(tmp_path / "meltano"))[0] == 0
    assert 'meltano_project = "../meltano"\n' in (tmp_path / "airflow/dagpress.toml").read_text()
    assert dagpress(tmp_path / "airflow", "check")[0] == 0


def test_without_a_meltano_project_there_is_nothing_to_begin_with(tmp_path: Path) -> None:
    """And nothing is written."""
    with pytest.raises(click.ClickException, match=r"there is no meltano.yml"):
        dagpress(tmp_path, "init")
    assert files_of(tmp_path) == {}


def test_ci_and_pre_commit_run_what_a_person_would(tmp_path: Path) -> None:
    """The workflow installs this version, checks, and reports as GitHub reads it. Both files pass our own linters."""
    write(tmp_path, {"meltano.yml": MELTANO_YML})
    dagpress(tmp_path, "init")
    workflow = yaml.safe_load((tmp_path / ".github/workflows/dagpress.yml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert commands[0].startswith("pip install dagpress==")
    assert commands[1:] == ["dagpress check --format github"]
    files = [".github/workflows/dagpress.yml", ".pre-commit-config.yaml"]
    for tool in (
        ["zizmor", "--offline", "--quiet", *files],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", files[0]],
        ["pre-commit", "validate-config", files[1]],
    ):
        program = Path(sys.executable).with_name(tool[0])
        done = subprocess.run([program, *tool[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
