"""Schedules that start after others, and runs with data intervals, under a real scheduler of Airflow 2 and 3."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Any

import pytest
from harness import Invocation
from project_builder import as_yaml, dagpress, write
from versions import NEWEST

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc"),
]

# Replaces Meltano: it records its arguments, and one of the extractors fails.
_MELTANO = """\
#!/bin/sh
echo "$2 $4 $SINCE $UNTIL" >> calls
test "$2" != tap-carbon-forecast
"""
_TWO_ENDS: list[Any] = [{"id": name, "run": "tap-carbon target-duckdb", "after": []} for name in ("left", "right")]
# A hand-written DAG: one of our assets starts it, and it updates an asset that starts one of our schedules.
_THEIRS = """\
import pendulum
try:
    from airflow.sdk import DAG, Asset
    from airflow.providers.standard.operators.empty import EmptyOperator
    theirs = Asset(name="theirs", uri="s3://their/rows")
except ImportError:
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.operators.empty import EmptyOperator
    theirs = Asset("s3://their/rows")

with DAG("theirs", schedule=[Asset("s3://warehouse/orders")], start_date=pendulum.datetime(2024, 1, 1, tz="UTC")):
    EmptyOperator(task_id="load", outlets=[theirs])
"""
_INTERVAL = {"SINCE": "{{ data_interval_start | ds }}", "UNTIL": "{{ data_interval_end | ds }}"}
# The proposed template for runs without a logical date, which only Airflow 3 has.
_DAY = {"SINCE": "{{ ds | default(dag_run.run_after | ds) }}", "UNTIL": "{{ dag_run.logical_date is none }}"}
_SCHEDULES: dict[str, dict[str, Any]] = {
    "orders": {"interval": "@manual", "outlets": ["s3://warehouse/orders", "rows"]},
    "after_asset": {"after": ["orders", {"asset": {"name": "theirs", "uri": "s3://their/rows"}}]},
    "customers": {"extractor": None, "loader": None, "tasks": _TWO_ENDS, "interval": "@manual"},
    "fails": {"extractor": "tap-carbon-forecast", "retries": 0, "interval": "@manual"},
    "after_one": {"after": "orders"},
    "after_that": {"after": "after_one"},
    "after_all": {"after": ["orders", "customers"]},
    "after_any": {"after": {"any": ["orders", "fails"]}},
    "after_failure": {"after": "fails"},
    "after_its_end": {"after": "orders", "end_date": "2020-01-01"},
    "after_or_yearly": {"after": "customers", "interval": "@yearly", "data_interval": True},
    "yearly": {"interval": "@yearly", "data_interval": True, "env": _INTERVAL},
    "at_new_year": {"interval": "@yearly", "data_interval": False, "env": _INTERVAL},
}


def test_success_starts_dependent_schedules_and_failure_does_not(invocation: Invocation) -> None:
    """After one, all and any schedules, with an interval, and through a hand-written DAG. Covers data intervals too."""
    folder = invocation.demo.folder
    base: dict[str, Any] = {"extractor": "tap-carbon", "loader": "target-duckdb"}
    is_3 = invocation.version == NEWEST
    if is_3:
        base["env"] = _DAY
    days = {datetime.now(timezone.utc).date()}
    files = {
        f"schedules/{name}.yml": as_yaml({key: value for key, value in {**base, **keys}.items() if value is not None})
        for name, keys in _SCHEDULES.items()
    }
    write(folder, {**files, ".meltano/run/bin": _MELTANO, "generated_dags/theirs.py": _THEIRS})
    assert dagpress(folder, "generate")[0] in {0, 1}

    if not is_3:
        # It forks tasks; the executor for SQLite starts an `airflow` command for each, which takes seconds.
        invocation.variables["AIRFLOW__CORE__EXECUTOR"] = "LocalExecutor"
        invocation.variables["_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK"] = "1"
    invocation.run("dags", "trigger", "meltano_orders")
    with invocation.started("scheduler"):
        for name in ("orders", "after_one", "after_that", "after_any", "after_its_end", "after_asset"):
            invocation.await_states(f"meltano_{name}", ["success"])
        for name in ("after_or_yearly", "yearly", "at_new_year"):
            invocation.await_states(f"meltano_{name}", ["success"])
        invocation.run("dags", "trigger", "meltano_fails")
        invocation.await_states("meltano_fails", ["failed"])
        assert invocation.states("meltano_after_all") == []
        invocation.run("dags", "trigger", "meltano_customers")
        invocation.await_states("meltano_after_all", ["success"])
        invocation.await_states("meltano_after_or_yearly", ["success", "success"])

    assert invocation.states("meltano_after_failure") == []
    assert invocation.states("meltano_after_any") == ["success"]
    # On Airflow 2 the run has no tasks; on Airflow 3 it has no end, which `validate` reports.
    assert _tasks(invocation, "meltano_after_its_end") == (1 if is_3 else 0)
    year = datetime.now(timezone.utc).year
    calls = {line.split("=")[1] for line in (folder / "calls").read_text().splitlines() if "=" in line}
    days.add(datetime.now(timezone.utc).date())
    for name in ("orders", "after_one", "after_any") if is_3 else ():
        assert any(f"{name} {day} True" in calls for day in days), calls
    assert f"yearly {year - 1}-01-01 {year}-01-01" in calls
    assert f"at_new_year {year}-01-01 {year}-01-01" in calls


def _tasks(invocation: Invocation, dag_id: str) -> int:
    """Return the number of task instances of a DAG."""
    ((count,),) = invocation.rows("select count(*) from task_instance where dag_id = ?", dag_id)
    return int(count)
