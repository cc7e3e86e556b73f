"""Properties of every input: no value becomes code, and the same input generates the same bytes."""

from __future__ import annotations

import random
import shlex
import subprocess
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pendulum
import pytest
import yaml
from black_form import assert_in_black
from examples import fewer
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jinja2 import Environment
from project_builder import as_yaml, dagpress, project_of, write
from strategies import HOSTILE_TEXTS, SCHEDULES, TEXT, TRAPS, year
from versions import NEWEST, NEWEST_2

from codegen import pipeline, rules
from codegen.cli.formats import as_text
from codegen.diagnostics import Diagnostic, InvalidError, Location, has_errors
from codegen.render.source_text import keyword, module_docstring
from codegen.text.jinja import (
    BASH_TEMPLATE_EXT,
    DOCKER_TEMPLATE_EXT,
    as_rendered,
    as_rendered_lines,
    check_template,
    is_template,
)
from codegen.text.shell import as_script, words_of
from codegen.values import Argument, Call


def _evaluated(argument: Argument) -> Any:
    """Evaluate a literal, or a keyword argument of a call."""
    names = {"pendulum": pendulum, "timedelta": timedelta, "read": lambda **values: values}
    return eval(f"read(\n{keyword(argument, 4)}\n)", names)[argument.name]  # noqa: S307  # the test runs generated code


@given(TEXT)
@example("\x85")
@example('ends with a quote"')
@example("ends with a backslash\\")
def test_any_text_is_unchanged_as_a_literal(value: str) -> None:
    """The literal has no control or bidi characters, so a reviewer sees all of it."""
    assert _evaluated(Argument("x", value)) == value
    for character in keyword(Argument("x", value), 4):
        assert character == "\n" or unicodedata.category(character)[0] != "C"


@given(TEXT)
def test_any_text_is_unchanged_as_a_docstring(value: str) -> None:
    """As read from `__doc__`; it never ends early."""
    # Python 3.13 expands tabs and strips blank lines in docstrings, so the planner does the same.
    lines = "\n".join(line.expandtabs(4).rstrip() for line in value.splitlines())
    doc = f"Loads.\n\n{lines}\n\nDefined.\n"
    module: dict[str, Any] = {}
    exec(compile(module_docstring(doc), "module", "exec"), module)  # noqa: S102  # the test runs generated code
    assert module["__doc__"] == doc


@given(
    st.recursive(
        TEXT | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False),
        lambda v: st.lists(v, max_size=4) | st.dictionaries(TEXT, v, max_size=4),
        max_leaves=8,
    )
)
def test_any_value_is_formatted_as_by_black(value: Any) -> None:
    """Nested values are read back unchanged."""
    argument = Argument("name", value)
    assert _evaluated(argument) == value
    source = f"call(\n{keyword(argument, 4)}\n)\n"
    assert_in_black(source)


@given(
    st.datetimes(year(1900), year(2200)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia"]),
)
def test_any_date_is_unchanged(naive: datetime, zone: str) -> None:
    """It is written as a pendulum date with the same local time, in black's format."""
    parts = (*naive.timetuple()[:6], naive.microsecond)
    argument = Argument("start_date", Call("pendulum.datetime", parts, (Argument("tz", zone),)))
    value = _evaluated(argument)
    # pendulum moves a local time that a DST change skips, in both cases.
    assert value == pendulum.datetime(*parts, tz=zone)
    assert value.timezone_name == zone
    source = f"DAG(\n{keyword(argument, 4)}\n)\n"
    assert_in_black(source)


@given(st.timedeltas(timedelta(0), timedelta(days=10**6)))
def test_any_duration_is_unchanged(value: timedelta) -> None:
    """It is written as a timedelta."""
    assert _evaluated(Argument("x", value)) == value


@fewer(2)
@given(st.lists(TEXT.filter(bool), min_size=1, max_size=30))
def test_no_argument_becomes_code_in_the_shell(words: list[str]) -> None:
    """Bash passes the exact words: none is split, expanded or executed."""
    command, env = as_script([["show", *words]], BASH_TEMPLATE_EXT)
    # Airflow does not render here, so templates are unchanged.
    script = "show() { printf '%s\\0' \"$@\"; }\n" + command
    result = subprocess.run(["bash", "-c", script], env={"LC_ALL": "C.UTF-8", **env}, capture_output=True, check=True)
    assert result.stdout.decode().split("\0")[:-1] == words
    assert not command.endswith((".sh", ".bash"))
    assert not is_template(command)
    assert "{#" not in command


@given(st.lists(st.text("abc-_:='\" \\", min_size=1, max_size=8), min_size=1, max_size=5))
def test_quoted_words_are_split_as_in_a_shell(words: list[str]) -> None:
    """`run` is split as in bash."""
    run = shlex.join(words)
    script = f"printf '%s\\0' {run}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert words_of(run) == done.stdout.split("\0")[:-1]


_TEMPLATE_EXT = st.sampled_from([BASH_TEMPLATE_EXT, DOCKER_TEMPLATE_EXT, ()])


@given(TEXT.filter(lambda value: not is_template(value)), _TEMPLATE_EXT)
def test_jinja_renders_every_escaped_text_unchanged(value: str, template_ext: tuple[str, ...]) -> None:
    """And the escaped text does not end like a file name."""
    written = as_rendered(value, template_ext)
    assert Environment(autoescape=False).from_string(written).render() == value  # noqa: S701
    assert not written.endswith(template_ext)


@given(
    st.lists(st.sampled_from(["{{ ds }}", "{% if ds %}", "{% endif %}", "{{ ds -}}", " ", "a", "."]), max_size=5),
    st.sampled_from(["", *BASH_TEMPLATE_EXT, *DOCKER_TEMPLATE_EXT]),
    _TEMPLATE_EXT,
)
def test_jinja_renders_every_template(parts: list[str], end: str, template_ext: tuple[str, ...]) -> None:
    """Also one that ends like a file name, which an operator would open."""
    template = "".join(parts) + end
    try:
        check_template(template)
    except InvalidError:
        assume(False)  # noqa: FBT003
    written = as_rendered(template, template_ext)
    environment = Environment(autoescape=False)  # noqa: S701
    assert environment.from_string(written).render(ds="D") == environment.from_string(template).render(ds="D")
    assert not written.endswith(template_ext)


@given(TEXT.filter(lambda value: not is_template(value)))
@example("f() {\r}")
@example("${#a[@]}{#{\r{#")
@example("./load.sh")
@example("ends with two lines\n\n")
def test_jinja_renders_the_lines_of_a_command_unchanged(value: str) -> None:
    """For a text that keeps its lines."""
    written = as_rendered_lines(value)
    assert Environment(autoescape=False).from_string(written).render() == value  # noqa: S701
    assert not written.endswith((".sh", ".bash"))


def _written(root: Path, schedules: dict[str, Any], order: random.Random | None = None) -> Path:
    items = list(schedules.items())
    if order:
        order.shuffle(items)
    return write(root, {f"schedules/{name}.yml": as_yaml(schedule) for name, schedule in items})


@fewer(2)
@given(SCHEDULES, st.randoms(use_true_random=False), st.sampled_from([NEWEST_2, NEWEST]))
def test_any_schedules_generate_stable_python_or_a_message(
    schedules: dict[str, Any], order: random.Random, airflow: str
) -> None:
    """Valid Python in black's format, for any order of the files. A second run changes nothing."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        for folder, shuffle in ((Path(one), None), (Path(other), order)):
            write(_written(folder, schedules, shuffle), {"dagpress.toml": f'airflow = "{airflow}"\n'})
        generation = pipeline.generate(project_of(Path(one)))
        again = pipeline.generate(project_of(Path(other)))
        assert (again.files, again.diagnostics) == (generation.files, generation.diagnostics)
        assert bool(generation.files) != has_errors(generation.diagnostics)
        if not generation.files:
            return
        for name, source in generation.files.items():
            if name.endswith(".py"):
                compile(source, name, "exec", dont_inherit=True)
                assert_in_black(source)
        assert dagpress(Path(one), "generate")[0] in {0, 1}
        assert dagpress(Path(one), "diff")[1] == ""


_WORDS = st.lists(
    st.sampled_from([*TRAPS, *HOSTILE_TEXTS, "--token", "hunter2secret99", "tap-a", "--state-id-suffix"]), min_size=1
)


@given(_WORDS)
@example(["x", "--token", "hunter2secret99"])
@example(["tap-a", "it's"])
def test_a_task_as_a_list_of_words_equals_the_task_as_text(words: list[str]) -> None:
    """With the same diagnostics and the same DAG file."""
    text = " ".join(word if is_template(word) else shlex.quote(word) for word in words)
    other = {"id": "other", "command": "true", "retries": None}
    with TemporaryDirectory() as folder:
        found = []
        for task in (words, text):
            schedule = {"interval": "@daily", "retries": 2, "tasks": [task, other]}
            root = write(Path(folder), {"schedules/a.yml": as_yaml(schedule)})
            generation = pipeline.generate(project_of(root))
            found.append(({(d.statement, d.location.path) for d in generation.diagnostics}, generation.files))
        assert found[0] == found[1]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda value: (
        st.lists(value, max_size=3)
        | st.dictionaries(TEXT | st.sampled_from(["tasks", "run", "env", "interval", "job"]), value, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING, st.binary(max_size=60))
def test_any_file_is_valid_or_reported_with_its_location(value: Any, raw: bytes) -> None:
    """Any schedule file results in a list of diagnostics, never a traceback."""
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {"schedules/a.yml": yaml.safe_dump(value, allow_unicode=True)})
        (root / "schedules/raw.yml").write_bytes(raw)
        reading = pipeline.read(project_of(root))
        assert has_errors(reading.diagnostics)
        for diagnostic in reading.diagnostics:
            assert diagnostic.location.path.startswith("schedules/")
            assert diagnostic.location.line >= 1
            assert diagnostic.location.column >= 1


@given(TEXT, TEXT, TEXT)
def test_a_message_is_one_line_without_control_characters(path: str, message: str, hint: str) -> None:
    """So a file cannot forge or hide a message."""
    assert as_text(Diagnostic(rules.INVALID_VALUE, message, Location(path), hint)).isprintable()


@pytest.mark.parametrize("key", ["name", "dag_id", "description", "owner", "doc", "job", "state_id", "pool", "queue"])
@fewer(5)
@given(value=TEXT)
def test_no_value_of_any_key_becomes_python(key: str, value: str) -> None:
    """A generated file uses the same names for any value."""
    base = {"interval": "@daily"} | ({"job": "x"} if key == "job" else {"extractor": "tap-a", "loader": "target-b"})
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {"schedules/a.yml": as_yaml({**base, key: value})})
        jobs = {"jobs": [{"name": value, "tasks": ["tap-a target-b"]}]}
        write(root, {"meltano.yml": as_yaml(jobs)})
        generation = pipeline.generate(project_of(root))
        files = generation.files
        if not files:
            assert has_errors(generation.diagnostics)
            return
        names = compile(files["generated_dags/a.py"], "a.py", "exec", dont_inherit=True).co_names
        assert set(names) <= {
            "__doc__", "datetime", "timedelta", "pendulum", "airflow.providers.standard.operators.bash", "BashOperator",
            "airflow.sdk", "DAG", "MELTANO", "LOCK",
        }  # fmt: skip


@pytest.mark.parametrize(
    "alert",
    [
        lambda value: {"email": {"to": value, "cc": "a@example.com"}},
        lambda value: {"email": {"to": "a@example.com", "subject": value, "html_content": value}},
        lambda value: {"slack": {"channel": value, "text": value}},
        lambda value: {"slack": {"slack_webhook_conn_id": value}},
        lambda value: {"webhook": {"endpoint": value, "headers": {"X": value}, "json": {value: [value]}}},
        lambda value: {"python": {"callable": value}},
        lambda value: {"python": {"callable": "alerts.page", "op_kwargs": {"text": value, "data": {value: value}}}},
    ],
    ids=["to", "subject", "channel", "connection", "webhook", "callable", "op_kwargs"],
)
@fewer(5)
@given(value=TEXT)
def test_no_value_of_an_alert_becomes_python(alert: Any, value: str) -> None:
    """For messages and addresses of alerts."""
    base = {"interval": "@daily", "extractor": "tap-a", "loader": "target-b"}
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {"schedules/a.yml": as_yaml({**base, "on_failure": alert(value)})})
        generation = pipeline.generate(project_of(root))
        if not generation.files:
            assert has_errors(generation.diagnostics)
            return
        source = generation.files["generated_dags/a.py"]
        assert_in_black(source)
        names = compile(source, "a.py", "exec", dont_inherit=True).co_names
        notifiers = {name for name in names if name.startswith("airflow.providers.") or name.endswith("Notifier")}
        # The function around a callable has the callable's name.
        module, _, callable_name = value.rpartition(".")
        assert set(names) - notifiers <= {
            "__doc__", "datetime", "timedelta", "pendulum", "BashOperator", "airflow.sdk", "DAG", "MELTANO", "LOCK",
            "RUN_FAILED", "page", *([callable_name] if module.replace(".", "_").isidentifier() else []),
        }  # fmt: skip
