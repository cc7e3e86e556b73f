"""Merges of two branches with a real git, and files that are missing in a commit."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from examples import sample
from git_repository import copy_of, git, hook, isolate_git, repository_of
from project_builder import EXTRACT_LOAD, dagpress, write
from pytest_regressions.file_regression import FileRegressionFixture
from versions import NEWEST

_ORDERS = f"{EXTRACT_LOAD}owner: ada\ntags: [shop]\ncatchup: false\nmax_active_runs: 1\nretries: 1\n"
_FILES = {
    "schedules/_defaults.yml": "retry_delay: 5m\n",
    "schedules/orders.yml": _ORDERS,
    "schedules/customers.yml": EXTRACT_LOAD,
}
_Text = TypeVar("_Text", str, str | None)
_Edit = Mapping[str, str | None]
# The changes of two branches, the codes of `check` after the merge, and the resolved schedules.
_Round = tuple[_Edit, _Edit, list[str], _Edit]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed project with its generated files, to copy."""
    return _committed(tmp_path_factory.mktemp("original"), _FILES)


@pytest.fixture(scope="module")
def original_of_a_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with one DAG file for all schedules."""
    files = {"dagpress.toml": 'layout = "folder"\n', **_in_a_folder(_FILES)}
    return _committed(tmp_path_factory.mktemp("original"), files)


def _committed(folder: Path, files: dict[str, str]) -> Path:
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch, folder)
        project = write(folder / "project", files)
        dagpress(project, "generate")
        return repository_of(project)


def _in_a_folder(edit: Mapping[str, _Text]) -> dict[str, _Text]:
    return {name.replace("schedules/", "schedules/team/"): text for name, text in edit.items()}


@pytest.fixture
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, as the working directory."""
    return _copy(original, tmp_path, monkeypatch)


def _copy(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolate_git(monkeypatch, tmp_path)
    copy = copy_of(original, tmp_path / "project")
    monkeypatch.chdir(copy)
    monkeypatch.delenv("GIT_INDEX_FILE", raising=False)
    return copy


def _edit(project: Path, edit: _Edit) -> None:
    for name, text in edit.items():
        (project / name).unlink(missing_ok=True)
        if text is not None:
            write(project, {name: text})


def _commit_on(project: Path, branch: str, edit: _Edit) -> None:
    git(project, "switch", "--quiet", "--create", branch, "main")
    _edit(project, edit)
    assert dagpress(project, "generate")[0] == 0
    git(project, "add", "--all")
    git(project, "commit", "--quiet", f"--message={branch}")


_HOURLY = {"schedules/orders.yml": _ORDERS.replace("@daily", "@hourly")}
_OWNER = {"schedules/orders.yml": _ORDERS.replace("ada", "bob")}
_RETRIES = {"schedules/orders.yml": _ORDERS.replace("retries: 1", "retries: 4")}
_BOTH = {"schedules/orders.yml": _ORDERS.replace("@daily", "@hourly").replace("ada", "bob")}
_DEFAULT = {"schedules/_defaults.yml": "retry_delay: 9m\n"}
_NEW = {"schedules/new.yml": EXTRACT_LOAD}
_RENAMED = {"schedules/orders.yml": None, "schedules/sales.yml": _ORDERS}
_MOVED = {"schedules/orders.yml": None, "schedules/shop/orders.yml": _ORDERS}
_GONE: _Edit = {"schedules/orders.yml": None}
_MERGES: dict[str, _Round] = {
    "far keys": (_HOURLY, _RETRIES, [], {}),
    "near keys": (_HOURLY, _OWNER, ["merge-conflict"], _BOTH),
    "a key and a default": (_RETRIES, _DEFAULT, ["merge-conflict"], {}),
    "two new files": (_NEW, {"schedules/other.yml": EXTRACT_LOAD}, [], {}),
    "a rename and a change": (_RENAMED, _RETRIES, [], {}),
    "a deletion and a change": (_GONE, _RETRIES, [], _GONE),
    "a change and a deletion": (_RETRIES, _GONE, [], {}),
    "two renames": (_RENAMED, _MOVED, ["merge-conflict"], {"schedules/shop/orders.yml": None}),
    "a new file and a default, each of which is fine": (_NEW, _DEFAULT, ["changed"], {}),
}
_WAYS = {"merge": "merge feature", "rebase": "rebase feature", "cherry-pick": "cherry-pick feature"}
_ROUNDS = [(name, "merge") for name in _MERGES]
_ROUNDS += [(name, way) for name in ("near keys", "a key and a default") for way in ("rebase", "cherry-pick")]


@pytest.mark.parametrize(("name", "way"), sample(_ROUNDS, 3))
def test_a_merge_takes_the_resolution_of_the_schedules_and_one_command(project: Path, name: str, way: str) -> None:
    """Resolve the YAML, run `generate`, and run the command that it prints."""
    _merge(project, way, _MERGES[name])


# In one DAG file, adjacent blocks conflict: two new blocks, or a changed and a removed one.
_MERGES_IN_A_FOLDER: dict[str, _Round] = {
    "far keys": _MERGES["far keys"],
    "near keys": _MERGES["near keys"],
    "a key and a default": _MERGES["a key and a default"],
    "two new files": _MERGES["two new files"],
    "two new neighbours": (_NEW, {"schedules/more.yml": EXTRACT_LOAD}, ["merge-conflict"], {}),
    "a deletion and a change": (_GONE, _RETRIES, ["merge-conflict"], _GONE),
    "two renames": _MERGES["two renames"],
    "a new file and a default, each of which is fine": _MERGES["a new file and a default, each of which is fine"],
}


@pytest.mark.parametrize("name", sample(_MERGES_IN_A_FOLDER, 4))
def test_a_merge_in_the_file_of_a_folder_takes_no_more_steps(
    original_of_a_folder: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, others, codes, resolution = _MERGES_IN_A_FOLDER[name]
    project = _copy(original_of_a_folder, tmp_path, monkeypatch)
    _merge(project, "merge", (_in_a_folder(mine), _in_a_folder(others), codes, _in_a_folder(resolution)))


def test_a_schedule_that_one_side_deleted_is_not_kept_in_silence(project: Path) -> None:
    """Git keeps the changed file; the command that `generate` prints deletes it."""
    _commit_on(project, "feature", _GONE)
    _commit_on(project, "mine", _RETRIES)
    subprocess.run(["git", "merge", "--quiet", "feature"], cwd=project, capture_output=True, check=False)
    _, _, err = dagpress(project, "generate")
    assert "`schedules/orders.yml` is deleted on one side of the merge, and kept here. To delete it, run `git rm" in err
    (line,) = re.findall(r"run `(git rm .*?)`", err)
    git(project, *shlex.split(line)[1:], "--quiet")
    code, _, err = dagpress(project, "generate")
    assert code == 0
    assert "one side" not in err
    assert dagpress(project, "check")[0] == 0


def _merge(project: Path, way: str, merge_round: _Round) -> None:
    mine, others, codes, resolution = merge_round
    _commit_on(project, "feature", others)
    _commit_on(project, "mine", mine)
    merge = subprocess.run(["git", *_WAYS[way].split()], cwd=project, capture_output=True, text=True, check=False)
    code, _, err = dagpress(project, "check")
    assert re.findall(r"^\S+: ([a-z-]+): ", err, re.MULTILINE) == codes
    if codes:
        assert code in {1, 2}
    _edit(project, resolution)
    code, _, err = dagpress(project, "generate")
    assert code == 0
    typed = re.findall(r"run `(git add .*)`", err)
    assert bool(typed) == bool(merge.returncode)
    for line in typed or ["git add --update"]:
        git(project, *shlex.split(line)[1:])
    if merge.returncode:
        git(project, "-c", "core.editor=true", way, "--continue")
    elif git(project, "status", "--porcelain"):
        git(project, "commit", "--quiet", "--message=Generate")
    assert dagpress(project, "check")[0] == 0
    assert git(project, "status", "--porcelain") == ""


def test_files_missing_in_git_are_reported(project: Path, file_regression: FileRegressionFixture) -> None:
    """Untracked and ignored files, with the command that adds them. In CI, all files are committed."""
    assert dagpress(project, "check")[0] == 0
    write(project, {"schedules/new.yml": EXTRACT_LOAD, "schedules/team/a b.yml": EXTRACT_LOAD, ".gitignore": "*.py\n"})
    dagpress(project, "generate")
    code, out, err = dagpress(project, "check")
    assert (code, out) == (1, "")
    file_regression.check(err, fullpath=Path(__file__).parent / "rules/not-in-git.txt")
    assert dagpress(project, "check", "orders")[0] == 0
    (project / ".gitignore").unlink()
    (added,) = re.findall(r"run `(git add .*)`", dagpress(project, "check")[2])
    git(project, *shlex.split(added)[1:])
    assert dagpress(project, "check")[0] == 0
    write(project, {".gitignore": "/\n"})
    git(project, "rm", "--quiet", "--cached", "-r", ".")
    write(project, {".gitignore": "*\n"})
    assert dagpress(project, "check")[0] == 0


def test_untracked_files_that_affect_the_output_are_reported(project: Path) -> None:
    """Also those of an adjacent Meltano project; other untracked files are allowed."""
    own = {"meltano.yml": "include_paths: [more.yml]\n", "more.yml": "", "requirements-dagpress.txt": "dagpress\n"}
    write(project, {**own, "templates/own.j2": "", "templates/notes.txt": "", "README.md": ""})
    git(project, "rm", "--quiet", "--cached", "dagpress.toml")
    names = sorted([*own, "templates/own.j2", "dagpress.toml"])
    code, _, err = dagpress(project, "check")
    assert code == 1
    assert re.findall(r"run `git add (.*)`", err) == [" ".join(names)]
    inner = write(project / "inner", {"dagpress.toml": f'airflow = "{NEWEST}"\nmeltano_project = ".."\n'})
    write(inner, {"schedules/a.yml": EXTRACT_LOAD})
    dagpress(inner, "generate")
    git(project, "add", "inner")
    assert "../meltano.yml:1:1: not-in-git: " in dagpress(inner, "check")[2]


@pytest.mark.slow
def test_unstaged_files_are_reported_in_a_commit_hook(project: Path) -> None:
    """Also in a partial commit, and deleted files. Outside a hook, files need not be staged."""
    write(project, _OWNER)
    (project / "schedules/customers.yml").unlink()
    dagpress(project, "generate")
    assert dagpress(project, "check")[0] == 0
    git(project, "add", "schedules")
    hook(project, "pre-commit", f"{shlex.quote(sys.executable)} -m codegen check")
    left = "generated_dags/customers.py generated_dags/orders.py"
    for arguments in ([], ["--only", "schedules/orders.yml"]):
        command = ["git", "commit", "--message=Change", *arguments]
        output = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False).stderr
        assert "not-in-git: the commit does not include the changes" in output
        assert left in output
    git(project, "commit", "--quiet", "--all", "--message=Change")
    assert git(project, "status", "--porcelain") == ""
