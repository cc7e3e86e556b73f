"""The wheel and the sdist: their content, and a DAG generated with each in an empty environment."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from environments import ROOT, clean_environ
from git_repository import clone_of_this, git
from project_builder import write

from codegen.airflow_facts import VERSIONS

pytestmark = pytest.mark.slow

MELTANO_YML = """\
plugins:
  extractors: [{name: tap-gitlab}]
  loaders: [{name: target-postgres}]
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both: the one that `make dist` sets, else a build from a clone."""
    if folder := os.environ.get("DAGPRESS_DIST"):
        return ROOT / folder
    clone = clone_of_this(tmp_path_factory.mktemp("clone"))
    _run(Path(sys.executable).with_name("pyproject-build"), "--no-isolation", cwd=clone)
    return clone / "dist"


def _run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, env=clean_environ(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_each_generates_a_dag_in_an_empty_environment(pattern: str, dist: Path, tmp_path: Path) -> None:
    """It contains the templates, the lock files of each Airflow, the manual, and all files of the Pipelines page."""
    (distribution,) = dist.glob(pattern)
    _run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    dagpress = tmp_path / "venv/bin/dagpress"
    _run(tmp_path / "venv/bin/pip", "install", "--quiet", distribution, cwd=tmp_path)
    project = write(tmp_path / "project", {"meltano.yml": MELTANO_YML})
    _run(dagpress, "init", cwd=project)
    words = ("--extractor", "tap-gitlab", "--loader", "target-postgres", "--interval", "@daily")
    _run(dagpress, "schedule", "add", "gitlab", *words, cwd=project)
    _run(dagpress, "generate", cwd=project)
    _run(dagpress, "check", cwd=project)
    assert 'dag_id="meltano_gitlab"' in (project / "generated_dags/gitlab.py").read_text()
    py_compile.compile(str(project / "generated_dags/gitlab.py"), doraise=True)

    (installed,) = (tmp_path / "venv").glob("lib/python*/site-packages/codegen")
    for folder in ("templates", "static"):
        assert _files(installed / "web" / folder) == _files(ROOT / "codegen/web" / folder)
    for folder in ("guides", "reference", "explanation"):
        assert _files(installed / "manual" / folder) == _files(ROOT / "docs" / folder)
    locks = installed.glob("requirements/airflow-*.txt")
    assert {lock.stem.removeprefix("airflow-") for lock in locks} == set(VERSIONS)


def test_the_sdist_has_the_files_of_the_repository(dist: Path) -> None:
    """So its tests run, and it contains no file that git ignores."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    assert names == {*filter(None, listed), "PKG-INFO"}


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder, at least one."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    assert paths
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
