"""On a real Airflow, an operator gets the values of `with` byte for byte, or `validate` rejects them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from examples import fewer
from harness import Airflow
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from project_builder import as_yaml, project_of, write
from strategies import TEXT, TRAPS

from codegen import pipeline
from codegen.airflow_facts import facts_of
from codegen.text.jinja import is_template

pytestmark = pytest.mark.slow
_TEMPLATES = ["{{ raw }}", "{% raw %}", "{{ ds }} .sql", "a{{ '{#' }}", "{", "{#"]
_FACTS = {
    "kind": "operator",
    "arguments": {"templated": "Any", "untemplated": "Any"},
    "templated": ["templated"],
    "files": [".sql"],
}


@pytest.fixture
def known(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    """An Airflow with facts that include the recording operator."""
    monkeypatch.setitem(cast("dict[str, Any]", facts_of(airflow.version).classes), "elt.operators.Record", _FACTS)
    return airflow


def _project(folder: Path, airflow: Airflow, files: list[str], **arguments: Any) -> Path:
    task = {"id": "record", "uses": "elt.operators.Record", "with": arguments}
    texts = {f"schedules/texts/{number}.txt": text for number, text in enumerate(files)}
    schedule = {"schedules/a.yml": as_yaml({"interval": "@daily", "tasks": [task]})}
    return write(folder, {"dagpress.toml": f'airflow = "{airflow.version}"\n', **schedule, **texts})


def _is_valid(airflow: Airflow, value: Any, *files: str) -> bool:
    with TemporaryDirectory() as folder:
        return not pipeline.read(project_of(_project(Path(folder), airflow, [*files], templated=value))).diagnostics


def _got(airflow: Airflow, files: list[str], **arguments: Any) -> dict[str, Any]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        generation = pipeline.generate(project_of(_project(folder, airflow, files, **arguments)))
        assert not generation.diagnostics
        write(folder, dict(generation.files))
        answer = airflow.worker.execute(folder / "generated_dags/a.py", "meltano_a", "record", {})
    assert answer["error"] is None, answer
    return dict(answer["result"])


def _check(airflow: Airflow, texts: list[str]) -> None:
    """Check that plain texts that are allowed, and every text as a constant or in a file, arrive unchanged."""
    plain = [text for text in texts if not is_template(text) and _is_valid(airflow, text)]
    constants = [{"$const": text} for text in texts if _is_valid(airflow, {"$const": text})]
    files = [text for text in texts if _is_valid(airflow, {"$f": "texts/0.txt"}, text)]
    values = [*plain, *(each["$const"] for each in constants)]
    given = [*plain, *constants]
    given = [*given, {"a": given}, *({"$f": f"texts/{number}.txt"} for number in range(len(files)))]
    expected = [*values, {"a": values}, *(text.removesuffix("\n") for text in files)]
    assert _got(airflow, files, templated=given, untemplated=given) == {"templated": expected, "untemplated": expected}


def test_known_texts_arrive_unchanged(known: Airflow) -> None:
    """Each text that Airflow or Jinja2 could change."""
    _check(known, [*TRAPS, *_TEMPLATES, "a.sql", ".sql", "a\nb.sql", "SELECT 1\nFROM a\n"])


@fewer(5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT, min_size=1, max_size=20))
def test_any_text_arrives_unchanged(known: Airflow, texts: list[str]) -> None:
    """In an argument that Airflow renders, and in one that it does not."""
    _check(known, texts)


def test_a_template_is_rendered_in_a_templated_argument(known: Airflow) -> None:
    """Also with several lines, and from a file."""
    given = [
        "{{ ds }}",
        {"$t": "{{ ds }}\n{{ 1 + 1 }}"},
        {"$t": {"$f": "texts/0.txt"}},
        {"day": {"$t": "{{ ds }}.sql"}},
    ]
    got = _got(known, ["SELECT '{{ ds }}'\nFROM a\n"], templated=given)
    day = "2026-03-02"
    assert got["templated"] == [day, f"{day}\n2", f"SELECT '{day}'\nFROM a", {"day": f"{day}.sql"}]
