"""Each folder of `imports` is a Meltano project, with the files and the messages of an import or export."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

import click
import pytest
from project_builder import as_yaml, dagpress, write
from pytest_regressions.file_regression import FileRegressionFixture
from versions import NEWEST

from codegen.configuration.file import has_configuration

IMPORTS = Path(__file__).parent / "imports"
# Files that are the same in every project, or that the tests of `generate` check.
_ELSEWHERE = ("generated_dags", "schedule.schema.json")


@pytest.mark.parametrize("name", sorted(path.name for path in IMPORTS.iterdir()))
def test_an_import_has_the_expected_files_and_messages(
    name: str,
    tmp_path: Path,
    file_regression: FileRegressionFixture,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second run changes nothing."""
    case, project = IMPORTS / name, tmp_path / "project"
    shutil.copytree(case / "project", project)
    if not has_configuration(project) and not (case / "written/dagpress.toml").exists():
        write(project, {"dagpress.toml": ""})
    arguments = case / "arguments.txt"
    words = arguments.read_text().split() if arguments.exists() else ["import"]
    monkeypatch.chdir(project)

    before = _texts(project)
    code, out, err = _dagpress(project, *words)

    _check_text(file_regression, f"{out}{err}exit code {code}\n", case / "report.txt")
    written = {path: text for path, text in _texts(project).items() if before.get(path) != text}
    assert code < 2 or not written, "an error and files go together"
    for path, text in written.items():
        _check_text(file_regression, text, case / "written" / path)
    orphans = _texts(case / "written").keys() - written.keys()
    if request.config.getoption("regen_all"):
        for path in orphans:
            (case / "written" / path).unlink()
    assert not orphans, "expected files that nothing writes: `make goldens` removes them"

    everything = _texts(project, ())
    again = _dagpress(project, *words)
    assert _texts(project, ()) == everything
    if "--dry-run" not in words:
        assert "created" not in again[1]


def _dagpress(project: Path, *words: str) -> tuple[int, str, str]:
    try:
        return dagpress(project, *words)
    except click.ClickException as error:
        return 2, "", f"Error: {error.format_message()}\n".replace(str(project), "PROJECT")


def _texts(folder: Path, without: tuple[str, ...] = _ELSEWHERE) -> dict[str, str]:
    found = {
        Path(parent, file).relative_to(folder): Path(parent, file).read_bytes().decode()
        for parent, _, files in os.walk(folder)
        for file in files
    }
    return {path.as_posix(): text for path, text in sorted(found.items()) if not set(path.parts) & set(without)}


def _check_text(file_regression: FileRegressionFixture, text: str, path: Path) -> None:
    file_regression.check(text, fullpath=path, encoding="utf-8", extension=path.suffix, newline="")
    assert path.read_bytes() == text.encode(), "the line ends differ"


@pytest.mark.parametrize("command", ["import --move", "export"])
def test_the_cost_of_an_import_grows_linearly(command: str, tmp_path: Path) -> None:
    """No function is called for each pair of schedules, or parses the same text for each schedule."""
    _, few, more, many = (_calls(tmp_path / str(number), number, command) for number in (1, 4, 8, 16))
    # A cost per pair would grow fourfold, sorting threefold.
    assert [name for name in many if many[name] - more[name] > 3.2 * (more[name] - few[name]) + 20] == []


def _calls(root: Path, number: int, command: str) -> Counter[tuple[CodeType, str]]:
    """Return the number of calls of each function, and the number of characters in its `text`."""
    # Unique names: results for a name are cached.
    names = [f"{command[0]}{number:02}-{n:02}" for n in range(number)]
    plugins = {"extractors": [{"name": f"tap-{name}"} for name in names], "loaders": [{"name": "target"}]}
    schedules = [
        {"name": name, "extractor": f"tap-{name}", "loader": "target", "transform": "skip", "interval": "@daily"}
        for name in names
    ]
    meltano = as_yaml({"plugins": plugins, "schedules": schedules})
    write(root, {"meltano.yml": meltano, "dagpress.toml": f'airflow = "{NEWEST}"\n'})
    if command == "export":
        dagpress(root, "import", "--move", "--no-generate")
    found: Counter[tuple[CodeType, str]] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        # A generator is resumed for each of its values.
        code = frame.f_code
        if event == "call" and not code.co_flags & inspect.CO_GENERATOR:
            found[code, "calls"] += 1
            if "text" in code.co_varnames[: code.co_argcount]:
                found[code, "characters"] += len(str(frame.f_locals["text"]))

    sys.setprofile(count)
    try:
        code, _, err = dagpress(root, *command.split())
    finally:
        sys.setprofile(None)
    assert code == 0, err
    return found
