"""What a person sees who clones the repo and runs `make dags`, and what one sees who installs it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from environments import ROOT
from project_builder import EXTRACT_LOAD, write

from codegen.airflow import PYTHONS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path, **environment: str) -> str:
    # What the tests themselves run in must not help: no virtual environment, no settings of make.
    drop = {"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "NO_COLOR"}
    env = {name: value for name, value in os.environ.items() if name not in drop} | environment
    done = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the working tree as it would be committed."""
    folder = tmp_path_factory.mktemp("clone")
    tracked = _run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    listed = [name for name in tracked if os.path.lexists(ROOT / name)]
    archive = subprocess.run(["tar", "-c", "--", *listed], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    for command in (["init"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "clone"]):
        _run("git", "-c", "core.autocrlf=false", *command, cwd=folder)
    return folder


def test_make_dags_on_a_fresh_clone_changes_nothing(clone: Path) -> None:
    """It sets up what it needs, and the committed files are current."""
    python = f"PYTHON={sys.base_prefix}/bin/python3"
    _run("make", "dags", python, cwd=clone)
    assert (clone / ".venv/bin/dagpress").exists()
    assert _run("git", "status", "--porcelain", cwd=clone) == ""
    _run(clone / ".venv/bin/dagpress", "check", cwd=clone)


def test_the_readme_works_in_a_project_of_ones_own(clone: Path, tmp_path: Path) -> None:
    """The commands of "In your own project", word for word: the wheel that pip builds carries the templates."""
    text = (clone / "README.md").read_text(encoding="utf-8")
    commands = text.split("## In your own project")[1].split("```sh\n")[1].split("```")[0]
    assert "pip install ../dagpress" in commands
    (tmp_path / "dagpress").symlink_to(clone)
    project = write(tmp_path / "project", {"schedules/gitlab.yml": EXTRACT_LOAD})
    _run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    _run("bash", "-ec", commands, cwd=project, PATH=f"{tmp_path}/venv/bin:{os.environ['PATH']}")
    assert 'dag_id="meltano_gitlab"' in (project / "generated_dags/gitlab.py").read_text()
    locks = (tmp_path / "venv").glob("lib/python*/site-packages/codegen/requirements/airflow-*.txt")
    assert {lock.stem.removeprefix("airflow-") for lock in locks} == set(PYTHONS)


def test_every_requirement_has_its_hash_and_none_an_address(clone: Path) -> None:
    """Requirements are names, versions and hashes; where they come from is the machine's affair."""
    locks = [path for path in clone.glob("**/requirements/*.txt") if ".venv" not in path.parts]
    assert len(locks) == 12
    for lock in locks:
        requirements = lock.read_text().replace("\\\n", "").splitlines()
        assert requirements
        assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
        assert [line for line in requirements if "://" in line or " @ " in line] == []
