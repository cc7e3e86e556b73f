"""The files of this repository are consistent, and a release updates them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli
import yaml
from git_repository import clone_of_this, git
from project_builder import dagpress
from versions import EACH

from codegen.airflow_facts import facts_of

ROOT = Path(__file__).parent.parent
WORKFLOWS = ROOT / ".github/workflows"
_ACTION = re.compile(r"uses: (?P<name>[\w.-]+/[\w./-]+)@(?P<pin>[0-9a-f]{40} # v\d+\.\d+\.\d+)$", re.MULTILINE)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _pyproject() -> dict[str, Any]:
    project: dict[str, Any] = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def test_each_supported_python_is_tested() -> None:
    """The README, the classifiers and CI have the same versions."""
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(_pyproject()["classifiers"]))
    assert _yaml(WORKFLOWS / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"] == pythons
    assert _pyproject()["requires-python"] == f">={pythons[0]}"
    assert f"Python {pythons[0]} to {pythons[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("airflow", EACH)
def test_the_lock_file_of_an_airflow_starts_at_its_oldest_python(airflow: str) -> None:
    """The comment that `make lock` reads matches the facts."""
    text = (ROOT / f"requirements/airflow-{airflow}.in").read_text(encoding="utf-8")
    output = re.search(r"^# Python 3\.(\d+) or newer\.$", text, re.MULTILINE)
    assert (3, int(output[1]) if output else 10) == facts_of(airflow).pythons[0]


def test_every_action_is_pinned_once(request: pytest.FixtureRequest) -> None:
    """The workflow that `init` writes has the same pins as ours; `make goldens` copies them."""
    pins: dict[str, str] = {}
    for path in sorted(WORKFLOWS.iterdir()):
        text = path.read_text(encoding="utf-8")
        assert len(_ACTION.findall(text)) == len(re.findall(r"uses: [^$]", text))
        for name, pin in _ACTION.findall(text):
            assert pins.setdefault(name, pin) == pin
    template = ROOT / "templates/project/workflow.yml.j2"
    text = template.read_text(encoding="utf-8")
    pinned = _ACTION.sub(lambda match: f"uses: {match['name']}@{pins[match['name']]}", text)
    if request.config.getoption("regen_all"):
        template.write_text(pinned, encoding="utf-8")
    assert template.read_text(encoding="utf-8") == pinned


def test_only_one_job_can_publish() -> None:
    """It runs after the tests and the build, without code of this repository. No workflow reads a secret."""
    for path in WORKFLOWS.iterdir():
        assert "secrets" not in path.read_text(encoding="utf-8")
        workflow = _yaml(path)
        assert workflow["permissions"] == {}
        for name, job in workflow["jobs"].items():
            expected = {"id-token": "write"} if name == "publish" else {"contents": "read"}
            assert job["permissions"] == expected
    publish = _yaml(WORKFLOWS / "release.yml")["jobs"]["publish"]
    assert not any("run" in step or "actions/checkout" in step["uses"] for step in publish["steps"])
    assert publish["needs"] == ["test", "build"]


@pytest.mark.parametrize(("folder", "schedules"), [(".", 4), ("examples", 12)])
def test_the_committed_files_of_this_repo_are_up_to_date(folder: str, schedules: int) -> None:
    """And those of the examples, without warnings."""
    assert dagpress(ROOT / folder, "check") == (0, "", f"{schedules} schedules: all files are up to date.\n")


def test_the_json_schema_that_a_schedule_names_exists() -> None:
    """The first line of each schedule has its path for editors."""
    for path in (ROOT / "schedules").rglob("*.yml"):
        named = path.read_text(encoding="utf-8").split("\n")[0].removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve() == ROOT / "schedules/schedule.schema.json"


def test_make_help_lists_every_target() -> None:
    """And the README and CONTRIBUTING.md name no others."""
    targets = set(re.findall(r"^\.PHONY: ([a-z-]+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    out = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+)", out, re.MULTILINE)) == targets
    for document in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
        assert targets >= set(named) > set()


@pytest.mark.slow
def test_a_release_sets_the_version_and_writes_the_changelog(tmp_path: Path) -> None:
    """In one commit, and only from a clean working tree."""
    clone = clone_of_this(tmp_path / "clone")
    git(clone, "config", "user.name", "Ada")
    git(clone, "config", "user.email", "ada@example.com")
    fragments = list((clone / "changelog.d").glob("+*.md"))
    assert fragments

    def release(*version: str) -> subprocess.CompletedProcess[str]:
        tools = (f"BIN={Path(sys.executable).parent}", "DEV=", f"PYTHON={sys.executable}")
        command = ["make", "release", *tools, *version]
        return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)

    assert "make release VERSION=1.2.3" in release().stderr
    (clone / "README.md").write_text("changed")
    assert "git status" in release("VERSION=98.7.6").stderr
    git(clone, "checkout", "README.md")
    assert release("VERSION=newer").returncode != 0
    assert git(clone, "log", "--format=%s") == "Clone"

    done = release("VERSION=98.7.6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "git tag v98.7.6" in done.stdout
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "log", "-1", "--format=%s") == "Release 98.7.6"
    assert git(clone, "diff", "--unified=0", "HEAD^", "--", "pyproject.toml").splitlines()[-2:] == [
        f'-version = "{_pyproject()["version"]}"',
        '+version = "98.7.6"',
    ]
    changelog = (clone / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.startswith("# Dagpress 98.7.6 (")
    assert changelog.count("\n- ") == len(fragments)
    assert list((clone / "changelog.d").glob("+*.md")) == []
