"""A fresh clone of the repo, and an installation in another project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from git_repository import clone_of_this, git
from project_builder import as_yaml, write
from versions import NEWEST

pytestmark = pytest.mark.slow

MELTANO_YML = """\
plugins:
  extractors: [{name: tap-gitlab}]
  loaders: [{name: target-postgres}]
schedules:
- {name: gitlab, extractor: tap-gitlab, loader: target-postgres, transform: skip, interval: '@daily'}
"""


def _environ(**more: str) -> dict[str, str]:
    # Without the virtual environment and the make variables of the tests.
    drop = {"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "NO_COLOR"}
    return {name: value for name, value in os.environ.items() if name not in drop} | more


def _run(*command: str | Path, cwd: Path, **environment: str) -> str:
    env = _environ(**environment)
    done = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the working tree as it would be committed."""
    return clone_of_this(tmp_path_factory.mktemp("clone"))


def test_make_dags_on_a_fresh_clone_changes_nothing(clone: Path) -> None:
    """It sets up its environment, and the committed files are up to date."""
    python = f"PYTHON={sys.base_prefix}/bin/python3"
    _run("make", "dags", python, cwd=clone)
    assert (clone / ".venv/bin/dagpress").exists()
    assert _run("git", "status", "--porcelain", cwd=clone) == ""
    _run(clone / ".venv/bin/dagpress", "check", cwd=clone)


def test_make_serve_on_a_fresh_clone_serves_the_page(clone: Path) -> None:
    """It adds the packages of the page to the environment of `make dags`."""
    command = ["make", "serve", "ARGS=--port 0", f"PYTHON={sys.base_prefix}/bin/python3"]
    with subprocess.Popen(
        command, cwd=clone, env=_environ(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr
        try:
            assert any("http://127.0.0.1:" in line for line in process.stderr)
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def test_everything_that_init_adds_works(clone: Path, tmp_path: Path) -> None:
    """The CI workflow installs Dagpress; then its checks, the Makefile targets and the pre-commit hook run."""
    (tmp_path / "dagpress").symlink_to(clone)
    project = write(tmp_path / "project", {"meltano.yml": MELTANO_YML})
    _run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    path = f"{tmp_path}/venv/bin:{os.environ['PATH']}"
    _run(Path(sys.executable).with_name("dagpress"), "init", "--from", "../dagpress", cwd=project)
    workflow = yaml.safe_load((project / ".github/workflows/dagpress.yml").read_text())
    for step in workflow["jobs"]["check"]["steps"]:
        _run("bash", "-ec", step.get("run", "true"), cwd=project, PATH=path)
    _run("make", "dags", "check-dags", cwd=project, PATH=path)
    _run("bash", "-ec", "git init -q && git add .", cwd=project)
    pre_commit: list[str | Path] = [Path(sys.executable).with_name("pre-commit"), "run", "--all-files"]
    home = str(tmp_path / "pre-commit")
    _run(*pre_commit, cwd=project, PATH=path, PRE_COMMIT_HOME=home)
    (project / "generated_dags/gitlab.py").unlink()
    with pytest.raises(AssertionError, match=r"generated_dags/gitlab\.py:1:1: missing"):
        _run(*pre_commit, cwd=project, PATH=path, PRE_COMMIT_HOME=home)


def test_another_repository_uses_our_hooks_by_url(clone: Path, tmp_path: Path) -> None:
    """pre-commit builds their environment from the clone."""
    hooks = [{"id": "dagpress-generate"}, {"id": "dagpress-check"}]
    repository = {"repo": str(clone), "rev": git(clone, "rev-parse", "HEAD"), "hooks": hooks}
    schedule = "extractor: tap-gitlab\nloader: target-postgres\ninterval: '@daily'\n"
    files = {
        "schedules/gitlab.yml": schedule,
        "dagpress.toml": f'airflow = "{NEWEST}"\n',
        ".pre-commit-config.yaml": as_yaml({"repos": [repository]}),
    }
    write(tmp_path / "project", files)
    _run("git", "init", "--quiet", cwd=tmp_path / "project")
    _run("git", "add", ".", cwd=tmp_path / "project")

    def pre_commit(*arguments: str) -> str:
        program = Path(sys.executable).with_name("pre-commit")
        return _run(program, "run", *arguments, cwd=tmp_path / "project", PRE_COMMIT_HOME=str(tmp_path / "home"))

    # The hook writes a new file, which is not a change to git.
    pre_commit("dagpress-generate")
    with pytest.raises(AssertionError, match="not-in-git"):
        pre_commit("dagpress-check")
    _run("git", "add", ".", cwd=tmp_path / "project")
    assert pre_commit("dagpress-check").count("Passed") == 1
    write(
        tmp_path / "project", {"generated_dags/stale.py": (tmp_path / "project/generated_dags/gitlab.py").read_text()}
    )
    with pytest.raises(AssertionError, match=r"generated_dags/stale\.py"):
        pre_commit("dagpress-check")


def test_every_requirement_has_a_hash_and_no_url(clone: Path) -> None:
    """Each machine configures its own package index."""
    locks = [path for path in clone.glob("**/requirements/*.txt") if ".venv" not in path.parts]
    wanted = [path.with_suffix(".txt") for path in clone.glob("**/requirements/*.in") if ".venv" not in path.parts]
    assert set(wanted) <= set(locks)
    for lock in locks:
        requirements = lock.read_text().replace("\\\n", "").splitlines()
        assert requirements
        assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
        assert [line for line in requirements if "://" in line or " @ " in line] == []
