"""The calls of Meltano in a bash command, as far as they can be parsed without bash."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from git_repository import git
from hypothesis import assume, example, given
from hypothesis import strategies as st
from project_builder import EXTRACT_LOAD, dagpress, project_of, write

from codegen import pipeline
from codegen.airflow import inside
from codegen.airflow.installation import AirflowError, version_of
from codegen.cli.against_meltano import compare_with_meltano
from codegen.diagnostics import InvalidError
from codegen.meltano.call import Call, UnknownScheduleError, calls_in, read_call, resolved
from codegen.meltano.generator import find_generator
from codegen.migrate.callers import callers_of
from codegen.text.jinja import BASH_TEMPLATE_EXT
from codegen.text.shell import as_script

PIECES = [
    "a",
    "b=/.-",
    "'c  $V'",
    '"d  e"',
    "$V",
    "${V}",
    '"$V"',
    '"${V}"',
    "${V",
    "$V}",
    '"$V',
    "\\ ",
    "\\;",
    " ",
    "\n",
]
PIECES += [*"'\"\\;&|#~*?!{}()<>`", "&&", '"$(a)"', "$'a'", '"\\$"', "é", "{a,b}"]
LISTED: dict[str, dict[str, Any]] = {
    "daily": {"elt_args": ["tap-a", "target-b", "--transform=skip", "--state-id=daily"], "env": {"A": "1"}},
    "dbt": {"elt_args": ["tap-a", "target-b", "--transform=run", "--state-id=dbt"], "env": {}},
    "jobs": {"job": {"name": "two", "tasks": ["tap-a target-b"]}, "env": {"B": "2"}},
}


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))))
def test_quoted_shell_words_are_parsed_back(words: list[str]) -> None:
    call = read_call(*as_script([["meltano", *words]], BASH_TEMPLATE_EXT), "/p")
    assert call == Call("/p", tuple(words), {})


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
@example("'c  $V'\\;")
@example("\\ a")
def test_words_are_parsed_as_in_bash(text: str) -> None:
    """In bash, the program of a call gets the same words."""
    call = read_call(f"meltano {text}", {"V": "x"}, "/p")
    if call is None:
        return
    script = 'meltano() { printf "%s\\0" "$@"; }\nmeltano ' + text
    done = subprocess.run(["bash", "-c", script], env={"V": "x"}, capture_output=True, text=True, check=False)
    # The syntax tree allows more than bash, whose exit code for a syntax error is 2: such a task fails.
    assume(done.returncode != 2)
    assert done.returncode == 0
    assert done.stdout == "".join(f"{word}\0" for word in call.words or [""])


@pytest.mark.parametrize(
    ("script", "words", "env"),
    [
        ("cd /p; .meltano/run/bin schedule run daily", "el tap-a target-b --state-id=daily", {"A": "1"}),
        ("cd /p && /p/.meltano/run/bin schedule run daily", "el tap-a target-b --state-id=daily", {"A": "1"}),
        ("cd $ROOT; meltano elt tap-a target-b --state-id daily", "el tap-a target-b --state-id=daily", {}),
        ("meltano el tap-a target-b --state-id=daily", "el tap-a target-b --state-id=daily", {}),
        ("meltano schedule run dbt", "elt tap-a target-b --state-id=dbt --transform=run", {}),
        ("meltano schedule run dbt --dry", "elt tap-a target-b --dry --state-id=dbt --transform=run", {}),
        ("meltano schedule run jobs", "run two", {"B": "2"}),
        (
            "C='3 4' meltano --environment prod run tap-a target-b",
            "run tap-a target-b in prod",
            {"C": "3 4"},
        ),
        ("meltano run tap-a {{ ds }}", "run tap-a {{ ds }}", {}),
    ],
)
def test_equivalent_calls_are_equal(script: str, words: str, env: dict[str, str]) -> None:
    call = read_call(script, {"ROOT": "/p"}, "/p")
    assert call
    found = resolved(call, LISTED)
    environment = f" in {found.environment}" if found.environment else ""
    assert (found.folder, " ".join(found.words) + environment, found.env) == ("/p", words, env)


@pytest.mark.parametrize(
    "script",
    [
        "meltano run tap-a | tee log",
        "meltano run tap-a; meltano run tap-b",
        "meltano run $(cat names)",
        "meltano run tap-* &",
        "if true; then meltano run a; fi",
        "dbt run",
        "",
    ],
)
def test_scripts_other_than_one_call_of_meltano_are_not_parsed(script: str) -> None:
    assert read_call(script, {}, "/p") is None


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("if meltano run a; then true; fi", ["run a"]),
        ('while meltano run "a" | tee log; do x=$(meltano run b) & done', ["run a", "run b"]),
        ("load() { V=1 .venv/bin/meltano run a || exit 1; }; cd x && load", ["run a"]),
        ("export V=1; meltano run $V; exec env V=2 timeout 1h meltano run > log a", ["? run $V", "run a"]),
        ('meltano run "a-${V}"; for t in a; do meltano run $t; done', ["run a-x", "? run $t"]),
        (". ./variables; meltano run a", ["? run a"]),
        ("cat <<E\nmeltano run a $(meltano run b)\nE\necho meltano run c # meltano run d", ["run b"]),
    ],
)
def test_calls_are_found_at_any_position(script: str, words: list[str]) -> None:
    """A call with a word or variable that only the shell knows is marked."""
    calls = calls_in(script, {"V": "x"})
    assert [("" if call.is_certain else "? ") + " ".join(call.words) for call in calls] == words


def test_an_unknown_schedule_of_meltano_is_an_error() -> None:
    call = read_call("meltano schedule run two words", {}, "/p")
    assert call
    with pytest.raises(UnknownScheduleError, match="two"):
        resolved(call, LISTED)


def test_the_generator_is_found_by_its_code(tmp_path: Path) -> None:
    """It creates DAGs from Meltano's schedules; a helper module without a DAG does not count."""
    lists, makes = 'run(["meltano", "schedule", "list"])\n', "DAG(name)\n"
    folder = write(tmp_path, {"orchestrate/dags/own.py": makes, "orchestrate/dags/helper.py": lists})
    folder = folder / "orchestrate" / "dags"
    with pytest.raises(InvalidError, match="no DAG file in orchestrate/ runs"):
        find_generator(tmp_path)
    write(folder, {"dynamic.py": f"from helper import listed\n{makes}"})
    assert find_generator(tmp_path) == folder / "dynamic.py"
    write(folder, {"other.py": f"schedules = ScheduleService(project).schedules()\n{makes}"})
    with pytest.raises(InvalidError, match=r"dynamic\.py, other\.py"):
        find_generator(tmp_path)
    write(folder, {"meltano.py": lists + makes})
    assert find_generator(tmp_path) == folder / "meltano.py"


def test_without_a_generator_or_an_airflow_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "meltano.yml": ""})
    write(root, {"orchestrate/dags/meltano.py": 'DAG(run("meltano schedule list"))\n'})
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AirflowError, match=r"not installed.*dagpress add orchestrator airflow"):
        compare_with_meltano(project_of(root), pipeline.read(project_of(root)), None, None, "text")
    with pytest.raises(click.UsageError, match=r"missing\.py' does not exist"):
        dagpress(root, "verify", "--against", "meltano", "--generator", str(root / "missing.py"))
    with pytest.raises(AirflowError, match=r"there is no Airflow at .*/airflow .*--airflow"):
        compare_with_meltano(project_of(root), pipeline.read(project_of(root)), None, root / "airflow", "text")


@pytest.mark.parametrize(
    ("first_line", "message"),
    [
        (f"#!{sys.executable}", f"runs on {sys.executable}, which has no Airflow"),
        ("#!/usr/bin/env python3", "runs on /.*/python3, which has no Airflow"),
        ("#!/no/such/python", "runs on /no/such/python, which has no Airflow"),
        ("echo", "it is unknown which Python"),
    ],
)
def test_a_program_that_is_not_airflow_is_an_error(tmp_path: Path, first_line: str, message: str) -> None:
    program = write(tmp_path, {"airflow": f"{first_line}\n"}) / "airflow"
    with pytest.raises(AirflowError, match=message):
        version_of(program)


def test_modules_that_run_inside_airflow_are_python_3_8() -> None:
    """The oldest Python of the oldest Airflow."""
    ast.parse(Path(inside.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))


CALLS = {
    "scripts/a.sh": (
        "meltano schedule run a --force\n  # meltano schedule run a\nmeltano schedule \\\n  run \\\n  a\n"
        'dagpress schedule run a\nmeltano schedule run other\nmeltano schedule run "$NAME"\n'
    ),
    "dags/own.py": 'run(["meltano", "schedule", "run", "--dry", "a"])\nrun(["meltano", "schedule", "run",\n  name])\n',
    "dags/meltano.py": 'DAG(run("meltano schedule list"))\nrun(f"meltano schedule run {name}")\n',
    "README.md": "`meltano schedule run a`\n",
    ".cache/a.sh": "meltano schedule run a\n",
    ".venv/lib/a.sh": "meltano schedule run a\n",
    "env/pyvenv.cfg": "",
    "env/a.sh": "meltano schedule run a\n",
    "data.bin": "\0meltano schedule run a\n",
}


@pytest.mark.parametrize("in_git", [True, False])
def test_files_that_call_a_schedule_are_found(tmp_path: Path, *, in_git: bool) -> None:
    """Also over several lines, and with a variable. With git, ignored files are skipped."""
    root = write(tmp_path, CALLS)
    if in_git:
        git(root, "init", "--quiet", "--template=")
        write(root, {".gitignore": ".cache/\n.venv/\nenv/\n"})
    found = [(each.name, str(each.place)) for each in callers_of({"a"}, root)]
    assert found == [
        ("a", "dags/own.py:1:18"),
        ("", "dags/own.py:2:18"),
        ("a", "scripts/a.sh:1:9"),
        ("a", "scripts/a.sh:3:9"),
        ("", "scripts/a.sh:8:9"),
    ]
