"""Every key of the language is in a golden case, for Airflow 2 and for Airflow 3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_cases import CASES
from versions import NEWEST

from codegen.runners import RUNNERS
from codegen.schema.airflow_arguments import DAG_GROUP, TASK_GROUP
from codegen.schema.export import json_schema
from codegen.schema.table import schedule_table, task_table

_SCHEMA = json_schema(NEWEST)
_MAPS: dict[str, Any] = {"schedule": _SCHEMA, **_SCHEMA["definitions"]}
_TABLES = {"schedule": schedule_table(NEWEST), "task": task_table(NEWEST)}
_SECTIONS = [section.of(NEWEST) for runner in RUNNERS.values() for section in runner.sections]
# These are passed through unchanged, and have no example.
_PASSED_ON = {(section.name, row.name) for section in _SECTIONS for row in section.rows.values() if not row.example}
# The keys of an environment are those of the schedule, to which the schema refers. Another test covers Airflow's own
# arguments in each Airflow.
_EVERY = sorted(
    (name, key)
    for name, schema in _MAPS.items()
    for key, value in schema.get("properties", {}).items()
    if "$ref" not in value
    and (name, key) not in _PASSED_ON
    and not (name in _TABLES and _TABLES[name].rows[key].group in {DAG_GROUP, TASK_GROUP})
)


def _forms(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield every form of a value, with the name of its definition."""
    if schema.get("$ref", "").startswith("#/properties/"):
        yield from _forms(_SCHEMA["properties"][schema["$ref"].rpartition("/")[2]])
    elif "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from ((inner or name, form) for inner, form in _forms(_MAPS[name]))
    else:
        yield "", schema
        for form in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            yield from _forms(form)


def _used(value: Any, schema: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the keys in a value, each with the map that it belongs to."""
    for of, form in _forms(schema):
        if isinstance(value, list) and isinstance(form.get("items"), dict):
            for item in value:
                yield from _used(item, form["items"])
        if isinstance(value, dict):
            others = form.get("additionalProperties")
            for key, item in value.items():
                if key in form.get("properties", {}):
                    yield of or name, key
                    yield from _used(item, form["properties"][key])
                elif isinstance(others, dict):
                    yield from _used(item, others)


def _keys_of(schedules: Path) -> set[tuple[str, str]]:
    documents = [yaml.safe_load(path.read_text(encoding="utf-8-sig")) for path in schedules.rglob("*.y*ml")]
    return {found for document in documents for found in _used(document, _SCHEMA, "schedule")}


@pytest.mark.parametrize("folder", ["generated_dags", "generated_dags_airflow_2"])
def test_every_key_is_in_a_case_that_generates(folder: str) -> None:
    """So every key has a reviewed file for that version of Airflow."""
    cases = [path.parent for path in CASES.glob(f"*/{folder}")]
    used = set().union(*(_keys_of(case / "schedules") for case in cases))
    assert [key for key in _EVERY if key not in used] == []
