"""Warnings about shared resources: Meltano's locks, project and database; and nulls in templates."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples import fewer
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from project_builder import as_yaml, dagpress, write
from versions import NEWEST

from codegen.meltano.changes import changes_project
from codegen.meltano.system_database import may_lack_system_database
from codegen.text.shell import words_of

_NULLABLE = {"a": {"type": ["string", "null"]}, "n": {"type": ["integer", "null"], "default": 0}}
_CODE = re.compile(r"^(\S+?):\d+:\d+: ([a-z-]+): .*?(?:\((.*)\))?$")
# Each template, and whether it renders `None` if both parameters are null.
_TEMPLATES = [
    ("{{ params.a }}", True),
    ("{{ params['a'] }}-{{ ds }}", True),
    ("{{ params.a | upper }}", True),
    ("{{ params.a | default('x') }}", True),
    ("{{ params.a ~ 'x' }}", True),
    ("{{ [params.n, 1] }}", True),
    ("{{ params.a and 'x' }}", True),
    ("{{ 'x' if params.a else params.n }}", True),
    ("{% if params.n %}{{ params.a }}{% else %}{{ params.n }}{% endif %}", True),
    ("{% if params.a is defined %}{{ params.a }}{% endif %}", True),
    ("{% for day in [1] %}{{ params.a }}{% endfor %}", True),
    ("{% if params.a or params.n == none %}{{ params.n }}{% endif %}", True),
    ("{{ params.a or '' }}", False),
    ("{{ params.a or params.n or 'x' }}", False),
    ("{{ params.a | default('x', true) }}", False),
    ("{{ params.a | d('x', boolean=true) }}", False),
    ("{{ '' if params.n is none else params.n }}", False),
    ("{{ params.n if params.n is not none }}", False),
    ("{{ params.n if params.n != none else 'x' }}", False),
    ("{% if params.a and params.n is number %}{{ params.a }}{{ params.n }}{% endif %}", False),
    ("{% if not params.a %}x{% elif params.n is none %}y{% else %}{{ params.a }}{{ params.n }}{% endif %}", False),
    ("{% if params.a == 'x' %}{{ params.a }}{% endif %}", False),
    ("{{ params.a | tojson }}{{ params.a == 'x' }}{{ params.a is none }}", False),
    ("{{ params.a in ['x'] and params.a }}", False),
]


def _problems(root: Path, schedule: dict[str, Any], files: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Return the code and the hint of each message about a schedule."""
    files = {"dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/s.yml": as_yaml(schedule), **(files or {})}
    output = dagpress(write(root, files), "validate")[2].splitlines()
    return [(match[2], match[3] or "") for match in map(_CODE.match, output) if match]


@pytest.mark.parametrize(("template", "writes_none"), _TEMPLATES)
def test_a_template_that_renders_none_is_reported(tmp_path: Path, template: str, *, writes_none: bool) -> None:
    """Exactly if Jinja2 renders it with two nulls."""
    rendered = Environment(autoescape=False).from_string(template).render(params={"a": None, "n": None}, ds="x")  # noqa: S701
    assert ("none" in rendered.lower()) == writes_none
    schedule = {"interval": "@daily", "params": _NULLABLE, "tasks": [{"run": "tap-a target-b", "env": {"X": template}}]}
    assert {code for code, _ in _problems(tmp_path, schedule)} == ({"null-param"} if writes_none else set())


@pytest.mark.parametrize(("name", "value"), [("a", "eu"), ("n", 0)])
def test_the_proposed_template_renders_an_empty_text_for_null(tmp_path: Path, name: str, value: object) -> None:
    """And every other value unchanged, also a false one."""
    schedule: dict[str, Any] = {"interval": "@daily", "params": _NULLABLE, "tasks": ["tap-a target-b"]}
    ((_, hint),) = _problems(tmp_path, {**schedule, "env": {"X": f"{{{{ params.{name} }}}}"}})
    proposed = hint.removeprefix("write `").partition("`, or ")[0]
    assert _problems(tmp_path, {**schedule, "env": {"X": proposed}}) == []
    template = Environment(autoescape=False).from_string(proposed)  # noqa: S701
    assert [template.render(params={name: each}) for each in (None, value)] == ["", str(value)]


_SECONDS = st.integers(0, 700).map(lambda number: f"{number}s")


_KEYS_OF_RETRIES = st.fixed_dictionaries(
    {"retries": st.integers(0, 40), "retry_delay": _SECONDS},
    optional={
        "retry_exponential_backoff": st.booleans().filter(bool),
        "max_retry_delay": _SECONDS.filter(lambda text: text != "0s"),
    },
)


@fewer(2)
@given(keys=_KEYS_OF_RETRIES)
def test_the_proposed_retries_outlive_the_lock(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, Any]) -> None:
    """The warning disappears after applying the hint."""
    root = tmp_path_factory.mktemp("project")
    schedule = {"interval": "@daily", "extractor": "tap-a", "loader": "target-b", **keys}
    hints = [hint for code, hint in _problems(root, schedule) if code == "short-retries"]
    for hint in hints:
        proposed = yaml.safe_load("\n".join(re.findall(r"`(.*?)`", hint)))
        assert "short-retries" not in dict(_problems(root, {**schedule, **proposed}))


_CHANGE = """
config set t a b
config t set a b
config t unset a
config reset t
select t
select t a --exclude
--environment prod job add a
schedule daily --job a
environment remove a
add extractor t
lock --all
"""
_READ_OR_RUN = """
config print t
config t test
select t --list
select t --json
job list
add --help
schedule run a
state set a b
invoke t:set
install
run t u
--environment=prod
"""


@pytest.mark.parametrize("command", _CHANGE.strip().splitlines())
def test_commands_that_change_the_project_are_reported(command: str) -> None:
    assert changes_project(words_of(command))


@pytest.mark.parametrize("command", _READ_OR_RUN.strip().splitlines())
def test_commands_that_only_read_the_project_are_not_reported(command: str) -> None:
    assert not changes_project(words_of(command))


def test_selections_of_several_commands_become_one_list(tmp_path: Path) -> None:
    """The schedule's own value can be a JSON string; each command proposes the complete list."""
    commands = ["select tap-a b", "select --exclude tap-a b c", "select tap-c x", "select tap-a b"]
    schedule = {"interval": "@daily", "before_run": commands, "tasks": ["tap-a target-b"]}
    hints = {hint for code, hint in _problems(tmp_path, schedule) if code == "writes-project"}
    variables = [yaml.safe_load(re.findall("`env: (.*?)` instead", hint)[0]) for hint in sorted(hints)]
    assert variables == [{"TAP_A__SELECT": '["b.*", "!b.c"]'}, {"TAP_C__SELECT": '["x.*"]'}]


@pytest.mark.parametrize(
    ("files", "environ", "uri", "may_lack"),
    [
        ({}, {}, "", False),
        ({}, {"MELTANO_DATABASE_URI": "sqlite:///$MELTANO_PROJECT_ROOT/.meltano/meltano.db"}, "postgresql://x", False),
        ({}, {"MELTANO_DATABASE_URI": "sqlite:///other.db"}, "", True),
        ({}, {"MELTANO_DATABASE_URI": "postgresql://x"}, "", True),
        ({}, {"MELTANO_SYS_DIR_ROOT": "elsewhere"}, "", True),
        ({}, {}, "postgresql://x", True),
        ({".env": "A=1\nexport MELTANO_DATABASE_URI=postgresql://x\n"}, {}, "", True),
        ({".meltano/meltano.db": ""}, {}, "", True),
    ],
)
def test_a_system_database_that_can_be_missing(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], uri: str, *, may_lack: bool
) -> None:
    """A SQLite file without tables counts as missing; other databases are unknown."""
    (tmp_path / ".meltano").mkdir()
    with closing(sqlite3.connect(tmp_path / ".meltano/meltano.db")) as database:
        database.execute("create table alembic_version (version_num text)")
    write(tmp_path, files)
    assert may_lack_system_database(tmp_path, environ, uri) == may_lack
