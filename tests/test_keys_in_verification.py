"""The key of a schedule that `dagpress verify --against meltano` names for a different argument of Airflow."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.migrate.verification import compare
from codegen.review.loaded import Surroundings

_DAG: dict[str, Any] = {"dag_id": "a", "tags": [], "start_date": None, "schedule": None, "timetable": "", "tasks": []}


@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ("on_failure_callback", "on_failure"),
        ("on_retry_callback", "on_retry"),
        ("on_success_callback", "on_success"),
        ("sla", "deadline"),
        ("sla_miss_callback", "on_deadline"),
    ],
)
def test_the_key_of_an_alert_is_named(argument: str, key: str) -> None:
    (result,) = compare(
        [{**_DAG, argument: "tell"}], [{**_DAG, argument: None}], Surroundings("", "MELTANO_PROJECT_ROOT", (), {}, {})
    )
    (difference,) = result.differences
    assert difference.why == f"the key `{key}` of the schedule sets it"
