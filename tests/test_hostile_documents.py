"""Every command handles malformed files: it succeeds, or reports an error with a location."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import click
import pytest
import yaml
from black_form import assert_in_black
from click.testing import CliRunner
from examples import DOCUMENTS
from hostile import Files, documents
from project_builder import EXTRACT_LOAD, configured

from codegen import pipeline
from codegen.cli.main import main
from codegen.diagnostics import Diagnostic, has_errors
from codegen.project import read_project
from codegen.source.edit import EditError, set_value
from codegen.source.loading import LINE_END
from codegen.source.positions import compose

_COMMANDS = [
    *("validate", "list", "list --output json", "check", "diff", "next NAME", "calendar", "show NAME", "schedule list"),
    *(
        "schedule list --output json",
        "schedule set NAME --interval @weekly --no-generate",
        "generate",
        "calendar --json",
    ),
    *(
        "import --dry-run",
        "import --no-generate",
        "import --force --move",
        "export --dry-run",
        "export",
        "init --dry-run",
    ),
    *("show NAME --output json", "validate --output github", "schema", "next"),
]


_PARTS = 4


@pytest.mark.parametrize("seed", range(_PARTS))
def test_commands_handle_hostile_documents(seed: int, tmp_path: Path) -> None:
    """Without exceptions, with a location for each message, and with valid Python in black's format."""
    for name, files in documents(seed, DOCUMENTS // _PARTS):
        root = tmp_path / name.rpartition("/")[2]
        try:
            check_document(root, files, Random(name))  # noqa: S311  # reproducible by its seed
        except BaseException as error:
            raise AssertionError(f"the document {name} in {root}") from error
        shutil.rmtree(root)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # The parser reports a line past the end of the text.
        ("schedules/a.yml", "extractor: tap-a\n."),
        ("schedules/a.yml", "extractor: tap-a\n---"),
        ("schedules/a.yml", "---"),
        # `executor` was treated as a misspelled `extractor`, and the DAG file had no task.
        ("schedules/a.yml", "loader: target-b\ninterval: '@daily'\nexecutor: LocalExecutor\n"),
        # Exceptions of the parser, of `int` or of `datetime`.
        ("schedules/a.yml", "x: &a [*a]\n"),
        ("dagpress.toml", "airflow = " + "9" * 5000),
        ("requirements.txt", "apache-airflow==3.0\napache-airflow<" + "9" * 5000),
        (".pre-commit-config.yaml", "repos:\n- rev: 2024-99-99\n"),
        (".pre-commit-config.yaml", "repos: [0b_, ._]\n"),
    ],
    ids=lambda text: text[:20],
)
def test_commands_handle_known_hostile_documents(name: str, text: str, tmp_path: Path) -> None:
    """Regressions found by the generated documents."""
    files = {
        "schedules/b.yml": EXTRACT_LOAD,
        "dagpress.toml": configured(""),
        "meltano.yml": "version: 1\n",
        name: text,
    }
    (tmp_path / ".git").mkdir()
    check_document(tmp_path, {name: text.encode() for name, text in files.items()}, Random(0))  # noqa: S311
    for command in ("init", "schedule set a --interval @weekly"):
        _call(tmp_path, *command.split())


def check_document(root: Path, files: Files, random: Random) -> None:
    """Read, generate and edit a project, and run some commands in it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    project, diagnostics = read_project(root)
    if project:
        generation = pipeline.generate(project)
        diagnostics = generation.diagnostics
        assert bool(generation.files) != has_errors(diagnostics)
        for name, source in generation.files.items():
            if name.endswith(".py"):
                compile(source, name, "exec", dont_inherit=True)
                # A custom template has another format.
                if not any(each.endswith(".j2") for each in files):
                    assert_in_black(source)
    for diagnostic in diagnostics:
        _check_place(diagnostic, root)
    for name, content in files.items():
        if name.endswith(".yml"):
            _check_edit(content)
    stems = [Path(name).stem for name in files if name.startswith("schedules/")] or ["a"]
    for command in random.sample(_COMMANDS, 2):
        _call(root, *(random.choice(stems) if word == "NAME" else word for word in command.split()))


def _call(root: Path, *words: str) -> None:
    result = CliRunner().invoke(main, ["--project", str(root), *words], standalone_mode=False)
    if result.exception and not isinstance(result.exception, SystemExit | click.ClickException):
        raise AssertionError(words) from result.exception


def _check_place(diagnostic: Diagnostic, root: Path) -> None:
    place = diagnostic.location
    path = root / place.path
    assert diagnostic.message, diagnostic
    assert place.line >= 1, diagnostic
    assert place.column >= 1, diagnostic
    if path.is_file():
        text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
        assert place.line <= len(LINE_END.split(text)), diagnostic
    else:
        assert place.line == 1, diagnostic


def _check_edit(content: bytes) -> None:
    """Setting a key changes only that key."""
    try:
        text = content.decode("utf-8")
        changed = set_value(text, ("description",), "it's new: #1")
    except (EditError, UnicodeDecodeError):
        return
    before, after = (compose(each.removeprefix("\ufeff")) for each in (text, changed))
    kept = [pair for pair in _entries(before) if pair[0] != "description"]
    assert [pair for pair in _entries(after) if pair[0] != "description"] == kept
    # The first of duplicate keys, which are an error anyway.
    assert next(value for name, value in _entries(after) if name == "description") == "it's new: #1"


def _entries(node: yaml.Node | None) -> list[tuple[object, object]]:
    return [(_plain(key), _plain(value)) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []


def _plain(node: yaml.Node) -> object:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return [(_plain(key), _plain(value)) for key, value in node.value]
    return node.value
