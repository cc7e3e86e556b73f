"""The configuration: its files, errors with their locations, and the effects of its keys."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from project_builder import EXTRACT_LOAD, configured, dagpress, project_of, refusal, write
from test_cases import CASES
from versions import NEWEST

from codegen.configuration.export import configuration_schema
from codegen.configuration.model import Configuration, read_configuration
from codegen.configuration.toml_reader import BrokenFileError, read_toml
from codegen.diagnostics import Diagnostic, Location
from codegen.keys.table import keys_of
from codegen.pipeline.file_name import problem_of
from codegen.project import nearest_project, read_project
from codegen.source.nodes import ListNode, MapNode, Node

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# One configuration in every TOML syntax; each has `{value}` as the value of `lint`.
FORMS = {
    "own file": ("dagpress.toml", 'airflow = "2.11"\nlint = {{ utc-date = {value} }}\n'),
    "own file with a table": ("dagpress.toml", '"airflow" = "2.11" # odd\n\n[lint]\nutc-date = {value}\n'),
    "table": ("pyproject.toml", '[tool.dagpress]\nairflow = "2.11"\nlint."utc-date" = {value}\n'),
    "tables": ("pyproject.toml", '[tool.dagpress.lint]\nutc-date = {value}\n\n[tool.dagpress]\nairflow = "2.11"\n'),
    "dotted": ("pyproject.toml", 'tool.dagpress.airflow = "2.11"\ntool . "dagpress".lint.utc-date = {value}\n'),
    "inline": ("pyproject.toml", '[tool]\ndagpress = {{airflow = "2.11", lint = {{utc-date = {value}}}}}\n'),
    "behind others": (
        "pyproject.toml",
        """[[tool.a.b]]\nx = '''\n[tool.dagpress]\n'''\n[[tool.a.b]]\n[tool.dagpress]
airflow = '2.11'\n[tool.dagpress.lint]\nutc-date = {value}\n""",
    ),
}
TOML = """\
a = 1  # a = 2
"q.k" . b = "x\\"]#"
c.d.e = [1, "two", [3, {z = '}'}],
  # a comment ]
  \"\"\"a
  b\"\"\""" , ]
when = 1979-05-27 07:32:00 # t
[t."x y".z]
k = { a.b = true, c = 'd' }
[[arr]]
n = 0x1_0
[arr.sub]
p = '''q''x\u2028'''
[[arr]]
n = 3.10
[t]
late = -inf
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one schedule."""
    return write(tmp_path, {"schedules/orders.yml": EXTRACT_LOAD})


def _problems(root: Path) -> list[Diagnostic]:
    found, diagnostics = read_project(root)
    assert (found is None) == bool(diagnostics)
    return diagnostics


@pytest.mark.parametrize("form", FORMS)
def test_every_syntax_of_toml_is_equivalent(project: Path, form: str) -> None:
    """In every file: messages have the location in that file, and commands work in folders below."""
    file, text = FORMS[form]
    expected = project_of(project)
    (project / "dagpress.toml").unlink()
    write(project, {file: text.format(value='"off"')})
    assert project_of(project) == replace(expected, airflow="2.11", lint={"utc-date": "off"})
    write(project, {file: text.format(value="404")})
    (problem,) = _problems(project)
    assert problem.message == "expected one of `off`, `warning`, `error`, got a number"
    line = next(number for number, line in enumerate(text.split("\n"), start=1) if "{value}" in line)
    written = text.format(value="404").split("\n")[line - 1]
    assert problem.location == Location(file, line, written.index("404") + 1)
    shutil.rmtree(project / "schedules")
    write(project, {"deep/er/x": "", "deep/pyproject.toml": "[tool.other]\n"})
    assert nearest_project(project / "deep" / "er") == project / "deep" / "er"
    write(project, {".git/HEAD": ""})
    assert nearest_project(project / "deep" / "er") == project


_QUOTES = ('"', "'")


def _plain(node: Node) -> Any:
    """Return the values of a node as in tomllib."""
    if isinstance(node, MapNode):
        return {key: _plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    return node.text if node.kind == "str" else tomllib.loads(f"v = {node.text}")["v"]


def _beginnings(node: Node) -> Iterator[tuple[tuple[str, ...], Location]]:
    """Yield the possible starts of each key and each scalar value, and its location."""
    if isinstance(node, MapNode):
        for key, entry in node.entries.items():
            yield (key, *_QUOTES), entry.key_location
            yield from _beginnings(entry.value)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _beginnings(item)
    else:
        yield _QUOTES if node.kind == "str" else (node.text,), node.location


def _check_reader(text: str) -> None:
    node = read_toml(text, "x.toml")
    assert _plain(node) == tomllib.loads(text)
    lines = text.split("\n")
    for beginnings, place in _beginnings(node):
        assert lines[place.line - 1].startswith(beginnings, place.column - 1), (beginnings, place)


def test_the_reader_has_the_values_of_tomllib_and_their_locations() -> None:
    """For every syntax of TOML."""
    _check_reader(TOML)
    for path in CASES.parent.parent.glob("*.toml"):
        _check_reader(path.read_text(encoding="utf-8"))


_KEYS = st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True)
_BLANKS = st.sampled_from(["", " ", "\t "])
_TEXTS = st.text("ab#=[]{},.' \\", max_size=6)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_VALUES: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(["1", "-0.5", "true", "2026-01-31", "07:32:00"])
    | _TEXTS.map(_quoted)
    | _TEXTS.filter(lambda text: "'" not in text).map(lambda text: f"'{text}'")
    | _TEXTS.map(lambda text: f'"""\n{_quoted(text)[1:-1]}\n""""'),
    lambda values: (
        st.lists(values, max_size=3).map(lambda items: f"[ # c ]\n {', '.join(items)} \n]")
        | st.dictionaries(_KEYS, values, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items() if "\n" not in value) + "}"
        )
    ),
    max_leaves=6,
)
_TABLES = st.dictionaries(_KEYS, _VALUES, max_size=4)


@given(st.dictionaries(_KEYS, _TABLES, max_size=4), _BLANKS)
def test_the_reader_has_the_values_of_any_document(tables: dict[str, dict[str, str]], blank: str) -> None:
    """For generated documents."""
    parts = [
        f"[{blank}{name}{blank}]{blank}# ]\n" + "".join(f"{blank}{k}{blank}={blank}{v}{blank}\n" for k, v in t.items())
        for name, t in tables.items()
    ]
    _check_reader("\n".join(parts))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = 1\nb = = 2\n", 2, 5),
        ("a = [1,", 1, 8),
        ("a = 1\na = 2\n", 2, 6),
        pytest.param("a = 1\nb = " + "9" * 5000, 2, 5, id="digits"),
    ],
)
def test_invalid_toml_is_reported_with_its_location(text: str, line: int, column: int) -> None:
    """Also if the text ends too early."""
    with pytest.raises(BrokenFileError, match=r"^invalid TOML: [^(]+$") as raised:
        read_toml(text, "x.toml")
    assert raised.value.diagnostic.location == Location("x.toml", line, column)


@pytest.mark.parametrize(
    ("files", "place", "hint"),
    [
        ({"schedules/a.yml": ""}, "dagpress.toml:1:1", f'create it with the line `airflow = "{NEWEST}"`'),
        ({"dagpress.toml": "[lint]\n"}, "dagpress.toml:1:1", f'add the line `airflow = "{NEWEST}"` at the top'),
        (
            {"pyproject.toml": "[tool.x]\n[tool.dagpress]\nexclude = []\n"},
            "pyproject.toml:2:7",
            f'add the line `airflow = "{NEWEST}"` to `[tool.dagpress]`',
        ),
        (
            {"README.md": ""},
            ".:1:1",
            "run `dagpress init` for a new project, or `dagpress import` for only the schedules in meltano.yml",
        ),
    ],
)
def test_a_missing_airflow_version_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], place: str, hint: str
) -> None:
    """The error names the line to add; the search for a project ends at the git root."""
    inner = tmp_path / "outer/repository"
    write(tmp_path / "outer", {"schedules/a.yml": "", "repository/.git/HEAD": ""})
    for name, text in files.items():
        (inner / name).parent.mkdir(exist_ok=True)
        (inner / name).write_text(text)
    monkeypatch.chdir(inner)
    assert nearest_project(inner) == inner
    for command in ("list", "generate", "check", "schema"):
        code, _, err = dagpress(nearest_project(inner), command)
        assert (code, err[: len(place)], err.count("\n")) == (2, place, 2)
        assert f"({hint})\n" in err


@pytest.mark.parametrize("name", ["dagpress.toml", "pyproject.toml"])
def test_conflict_markers_are_a_merge_conflict(project: Path, name: str) -> None:
    """As in a schedule, also a remaining `=======`."""
    table = "" if name == "dagpress.toml" else "[tool.dagpress]\n"
    (project / "dagpress.toml").unlink()
    sides = 'airflow = "3.3"\n=======\nairflow = "2.11"\n'
    for text, line in ((f"<<<<<<< HEAD\n{sides}>>>>>>> b\n", 1), (sides, 2)):
        write(project, {name: table + text})
        (problem,) = _problems(project)
        assert (problem.code, problem.location) == ("merge-conflict", Location(name, line + bool(table)))


def test_a_pyproject_without_our_table_is_ignored(project: Path) -> None:
    """Also if it is not valid TOML."""
    for text in ("", "[tool.ruff]\n", "[tool.dagpress]\n", 'dependencies = ["dagpress"]\n', "= nonsense\n"):
        write(project, {"pyproject.toml": text})
        assert project_of(project).at.keys() == {"airflow"}
    write(project, {"pyproject.toml": "tool.dagpress = 3\n"})
    (problem,) = _problems(project)
    assert (problem.message, problem.location.column) == ("`tool.dagpress` must be a table", 17)


def test_a_version_that_does_not_match_is_the_only_error(project: Path) -> None:
    """Other keys can be for another version. The hint is the command that installs the required one."""
    write(project, {"dagpress.toml": 'newer = 1\nrequired_version = ">=99,<100"\nschedules = 5\n'})
    (problem,) = _problems(project)
    assert problem.code == "required-version"
    assert problem.location == Location("dagpress.toml", 2, 20)
    installed = version("dagpress")
    assert problem.message == f"the project requires Dagpress `>=99,<100`, but {installed} is installed"
    assert shlex.split(problem.hint) == ["pip", "install", "dagpress>=99,<100"]
    code, out, err = dagpress(project, "generate")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 2
    assert not (project / "generated_dags").exists()


@pytest.mark.parametrize(
    ("installed", "required", "is_fine"),
    [("0.2.0rc1", ">=0.1", True), ("0.2.0rc1", ">=0.2", False), ("0.2.0", "==0.2", True), ("1.0", ">=0.2,<1", False)],
)
def test_versions_compare_as_pip_compares_them(
    project: Path, monkeypatch: pytest.MonkeyPatch, installed: str, required: str, *, is_fine: bool
) -> None:
    """A prerelease is lower than its release, and higher than the previous release."""
    monkeypatch.setattr("importlib.metadata.version", lambda _: installed)
    write(project, {"dagpress.toml": f'required_version = "{required}"\n'})
    assert (read_project(project)[0] is not None) == is_fine


def test_excluded_files_are_invisible_to_every_command(project: Path) -> None:
    """Their remaining DAG files are stale."""
    write(project, {"schedules/drafts/new.yml": EXTRACT_LOAD, "schedules/team/old.yml": EXTRACT_LOAD})
    assert dagpress(project, "generate")[0] == 0
    write(
        project,
        {
            "dagpress.toml": 'exclude = ["drafts/", "/team/o*.yml"]\n',
            "schedules/drafts/_defaults.yml": "- broken",
            "schedules/drafts/broken.yml": ":",
        },
    )
    assert dagpress(project, "check")[0] == 1
    code, _, err = dagpress(project, "generate")
    assert code == 0, err
    assert sorted(path.name for path in (project / "generated_dags").rglob("*.py")) == ["orders.py"]
    assert "new" not in dagpress(project, "list")[1]
    assert "unknown schedule `broken`" in refusal(project, "schedule", "remove", "broken")


def test_a_project_with_only_excluded_schedules_names_exclude(project: Path) -> None:
    """A new file would be excluded, too."""
    write(project, {"dagpress.toml": 'exclude = ["*"]\n'})
    assert "(change `exclude` in the configuration; without schedules, no" in dagpress(project, "generate")[2]


def test_no_command_writes_an_excluded_schedule(project: Path) -> None:
    write(
        project,
        {
            "dagpress.toml": 'exclude = ["x*"]\n',
            "meltano.yml": "schedules:\n- {name: xa, extractor: tap-a, loader: target-b, interval: '@daily'}\n",
        },
    )
    arguments = ("schedule", "add", "xb", "--extractor", "tap-a", "--loader", "target-b", "--interval", "@daily")
    assert "`xb.yml` is excluded by the configuration" in refusal(project, *arguments)
    _, _, err = dagpress(project, "import")
    assert "not-imported: schedules/xa.yml is excluded by the configuration" in err
    assert [path.name for path in (project / "schedules").glob("*.yml")] == ["orders.yml"]
    assert "`x/a.yml` is excluded" in problem_of(project_of(project), "x/a.yml")


def test_import_uses_the_dag_id_prefix_and_export_reports_it(project: Path) -> None:
    """Meltano's generator has a fixed prefix."""
    schedule = "{name: a b, extractor: tap-a, loader: target-b, transform: skip, interval: '@daily'}"
    write(project, {"dagpress.toml": 'dag_id_prefix = "sales_"\n', "meltano.yml": f"schedules:\n- {schedule}\n"})
    assert dagpress(project, "import")[0] == 0
    (imported,) = (path.read_text() for path in (project / "schedules").glob("a*.yml"))
    assert "dag_id: sales_a_b\n" in imported
    _, _, again = dagpress(project, "import")
    assert "kept" not in again
    _, _, err = dagpress(project, "export")
    assert (
        "schedules/orders.yml:1:1: differs-in-meltano: its DAG ID in Meltano is not `sales_orders` "
        "(Meltano's DAG IDs begin with `meltano_`)" in err
    )


_EXAMPLES = {name: row.example for name, row in keys_of(Configuration).items()}


@pytest.mark.parametrize("name", _EXAMPLES)
def test_the_example_of_each_key_is_valid(name: str) -> None:
    """The reader and the JSON Schema accept it, and reject values of other types."""
    Draft7Validator.check_schema(configuration_schema())
    validator = Draft7Validator(configuration_schema())
    for value, is_fine in ((_EXAMPLES[name], True), ("1", False), ('["a", 1]', False), ("{a = 1}", False)):
        text = configured(f"{name} = {value}\n")
        problems: list[Diagnostic] = []
        read_configuration(read_toml(text, "dagpress.toml"), problems.append)
        assert (not problems) == is_fine, text
        assert validator.is_valid(tomllib.loads(text)) == is_fine, text


def test_the_schema_accepts_every_valid_configuration() -> None:
    """The configurations of every valid case and of this repo."""
    validator = Draft7Validator(configuration_schema())
    for path in CASES.glob("*/dagpress.toml"):
        if (path.parent / "generated_dags").exists():
            assert validator.is_valid(tomllib.loads(configured(path.read_text()))), path
    assert not validator.is_valid({})
    assert not validator.is_valid({"airflow": "3.3", "schedule": "x"})
