"""A path of the wrong type is an error that names it, never a crash or an endless wait."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from examples import sample
from git_repository import git
from pages import Pages
from project_builder import EXTRACT_LOAD, configured, project_of, write

from codegen import pipeline
from codegen.cli.main import main
from codegen.files import Boundary, glob, walk, walking
from codegen.project import read_project
from codegen.review.drift import compare_with_disk

_LONG = "x" * 300
_MELTANO = "plugins: {extractors: [{name: tap-gitlab}], loaders: [{name: target-postgres}]}\n"
_SECONDS = 20


@pytest.fixture(autouse=True)
def _time_limit() -> Iterator[None]:
    """Fail if a test blocks on opening a pipe or reading a device."""
    signal.alarm(_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {"schedules/a.yml": EXTRACT_LOAD, "meltano.yml": f"{_MELTANO}include_paths: [plugins/*.yml]\n"}
    return write(tmp_path / "project", {**files, "plugins/a.yml": _MELTANO})


def _places_of_errors(root: Path) -> set[str]:
    project, diagnostics = read_project(root)
    if project:
        _, diagnostics = compare_with_disk(project, pipeline.generate(project))
    return {diagnostic.location.path for diagnostic in diagnostics if diagnostic.is_error}


def _run(root: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit code and the output of a command."""
    result = CliRunner().invoke(main, ["--project", str(root), *arguments], standalone_mode=False)
    if isinstance(result.exception, click.ClickException):
        return 2, f"{result.output}{result.exception.format_message()}"
    if result.exception:
        raise result.exception
    return int(result.return_value), result.output


def _large(path: Path) -> None:
    path.touch()
    os.truncate(path, 10**11)


_KINDS: dict[str, Callable[[Path], None]] = {
    "loop": lambda path: path.symlink_to(path.name),
    "nowhere": lambda path: path.symlink_to("nowhere"),
    "outside": lambda path: path.symlink_to("/"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "git": lambda path: path.symlink_to(path.parent / ".git/config"),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "large": _large,
}


@pytest.mark.parametrize(
    ("names", "fine"),
    sample(
        [
            (("schedules/x.yml",), "folder"),
            (("schedules/_defaults.yml",), ""),
            # Meltano reads only the files that a pattern matches (meltano/core/project_files.py).
            (("plugins/x.yml",), "folder pipe loop nowhere"),
            (("schedules",), ""),
            (("meltano.yml",), ""),
            (("dagpress.toml",), ""),
            (("pyproject.toml",), ""),
            (("templates/dag.py.j2",), ""),
            (("templates",), "folder"),
            # A write follows the symlink.
            (("generated_dags/a.py",), "nowhere"),
            (("generated_dags",), "folder"),
            # Without optional files for pins and Makefile targets.
            (("requirements.txt", "Makefile", ".gitignore"), " ".join(_KINDS)),
        ],
        2,
    ),
)
def test_a_path_of_another_type_is_an_error(names: tuple[str, ...], fine: str, project: Path) -> None:
    for kind, make in _KINDS.items():
        copy = Path(shutil.copytree(project, project.parent / kind))
        for path in (copy / name for name in names):
            path.parent.mkdir(exist_ok=True)
            if path.exists():
                path.rename(copy / "moved")
            make(path)
        expected = set() if kind in fine.split() else set(names)
        assert _places_of_errors(copy) == expected, kind


_PATHS = (_LONG, f"{_LONG}/" * 20, "dagpress.toml/x", "loop", "loop/x", "pipe")


def _add_odd_paths(project: Path) -> None:
    (project / "loop").symlink_to("loop")
    os.mkfifo(project / "pipe")


@pytest.mark.parametrize(
    "command",
    [
        ("generate", "{}"),
        ("show", "{}"),
        ("schedule", "set", "{}", "--interval", "@hourly"),
        ("import", "{root}/{}"),
        ("init", "{root}/{}"),
        ("calendar", "--output", "{root}/{}/x"),
        ("verify", "--against", "meltano", "--generator", "{root}/{}/x"),
    ],
)
def test_an_invalid_path_argument_is_an_error(command: tuple[str, ...], project: Path) -> None:
    _add_odd_paths(project)
    for path in _PATHS:
        code, output = _run(project, *(word.format(path, root=project) for word in command))
        assert (code, path[:40] in output) == (2, True), output


@pytest.mark.parametrize("key", ["schedules", "generated_dags", "meltano_project", "custom_dags"])
def test_an_invalid_configured_path_is_an_error(key: str, project: Path) -> None:
    _add_odd_paths(project)
    for path in _PATHS[1:]:
        value = f'["{path}"]' if key == "custom_dags" else f'"{path}"'
        write(project, {"dagpress.toml": configured(f"{key} = {value}\n")})
        code, output = _run(project, "check")
        assert (code, path[:40] in output) == (2, True), output


def test_a_removed_working_directory_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = CliRunner().invoke(main, ["check"], standalone_mode=False)
    assert isinstance(result.exception, click.ClickException)
    assert "the working directory was removed" in result.exception.format_message()


def test_symlinks_do_not_multiply_files(project: Path) -> None:
    """Each folder is read once: two symlinks in each of 40 folders make 10**12 paths to the last."""
    for number in range(40):
        (project / f"shared/{number}").mkdir(parents=True)
        for name in "ab" if number < 39 else "":
            (project / f"shared/{number}/{name}").symlink_to(f"../{number + 1}")
    write(project, {"shared/39/x.yml": EXTRACT_LOAD, "shared/39/y.j2": ""})
    (project / "schedules/link").symlink_to("../shared/0")
    (project / "schedules/team").mkdir()
    (project / "schedules/back").symlink_to("team")
    (project / "templates").symlink_to("shared")
    assert [Path(entry.path).name for entry in walk(project / "templates", Boundary(project))] == ["x.yml", "y.j2"]
    reading = pipeline.read(project_of(project))
    assert {file.path.name for file in reading.files} == {"a.yml", "x.yml"}
    twice = {d.location.path: d.message for d in reading.diagnostics}
    assert len(twice) == 40
    assert twice["schedules/back"] == "a symlink makes this the same folder as `schedules/team`"
    Pages(project).get("/")


_PATTERNS = (
    "*.yml",
    "**/*.yml",
    "a/**/*",
    "**/b/../*.yml",
    "a/b/c.yml",
    "**/*/**/*",
    "[ab]/?.yml",
    ".*",
    "x/*",
)


def test_a_pattern_matches_what_pathlib_finds(tmp_path: Path) -> None:
    """As Meltano does, inside the boundary."""
    files = ("a.yml", ".b.yml", "a/x.yml", "a/b/c.yml", "a/b/d/e.yml", "b/c.yml")
    tree = write(tmp_path / "tree", dict.fromkeys(files, ""))
    write(tmp_path, {"out/o.yml": ""})
    (tree / "x").symlink_to("a")
    (tree / "y").symlink_to("../out")
    boundary = Boundary(tree)
    for pattern in _PATTERNS:
        expected = {path for path in tree.glob(pattern) if path.is_file() and boundary.has(path)}
        found = {path for path in glob(tree, pattern, boundary).paths if path.is_file()}
        assert found == expected, pattern
    assert glob(tree, "/*", boundary).paths == []
    assert glob(tree, "*/*.yml", boundary).outside == [tree / "y"]
    assert glob(tmp_path / "tree", "../out/*", Boundary(tmp_path)).paths == [tree / "../out/o.yml"]


def test_a_pattern_has_no_exponential_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several `**` match the same folders repeatedly; a search is limited."""
    (tmp_path / "/".join("d" * 30)).mkdir(parents=True)
    matches = glob(tmp_path, "**/" * 9 + "*/**/*/**/x.yml", Boundary(tmp_path))
    assert (matches.paths, matches.is_complete) == ([], True)
    text = f"{_MELTANO}include_paths: ['{'**/' * 20}x.yml']\n"
    write(tmp_path, {f"schedules/{'d/' * 15}b.yml": EXTRACT_LOAD, "meltano.yml": text})
    assert [d.code for d in pipeline.read(project_of(tmp_path)).diagnostics] == ["include-paths"]
    monkeypatch.setattr(walking, "MAX_ENTRIES", 10)
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "meltano.yml": f"{_MELTANO}include_paths: ['**/x.yml']\n"})
    (problem,) = pipeline.read(project_of(tmp_path)).diagnostics
    assert problem.message == "`**/x.yml` searches more than 10 files"


@pytest.mark.parametrize("is_git", [True, False])
def test_configured_folders_can_be_outside(is_git: bool, tmp_path: Path) -> None:  # noqa: FBT001  # pytest passes it by position
    """Their own work tree is then their boundary; without git, the folder."""
    write(tmp_path / "meltano/sub", {"meltano.yml": f"{_MELTANO}include_paths: ['../more/*.yml', 'x.yml']\n"})
    write(tmp_path / "meltano", {"more/x.yml": "jobs: [{name: refresh, tasks: [tap-gitlab target-postgres]}]\n"})
    (tmp_path / "meltano/sub/x.yml").symlink_to("/etc/passwd")
    schedule = 'job: refresh\ninterval: "@daily"\n'
    configuration = 'meltano_project = "../meltano/sub"\n'
    root = write(tmp_path / "project", {"schedules/a.yml": schedule, "dagpress.toml": configuration})
    for folder in (root, tmp_path / "meltano") if is_git else ():
        git(folder, "init", "--quiet")
    meltano = "../meltano/sub/"
    expected = {f"{meltano}x.yml"} if is_git else {f"{meltano}x.yml", f"{meltano}meltano.yml", "schedules/a.yml"}
    assert _places_of_errors(root) == expected
