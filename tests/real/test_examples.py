"""The DAGs of `examples/` on real Airflow 2 and 3: each loads with its providers, and the local ones run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import debian
import pytest
from environments import ROOT
from harness import Airflow, RecordingMeltano, free_ports, import_of
from project_builder import write
from soak.services import PostgreSQL

pytestmark = pytest.mark.slow

_BILLING = """\
import pendulum
{imports}

with DAG("billing", schedule="0 5 * * *", start_date=pendulum.datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="close_day", bash_command="true")
"""
_TABLES = """\
CREATE TABLE orders (id int, amount int, ordered_on date);
CREATE TABLE report (day date, amount int);
INSERT INTO orders VALUES (1, 10, '2026-03-02'), (2, 20, '2026-03-02'), (3, {amount}, '2026-03-03')
"""


class Examples:
    """The examples in one Airflow, run with a `meltano` that records its calls."""

    def __init__(self, airflow: Airflow, meltano: RecordingMeltano) -> None:
        self.airflow = airflow
        self.env = {**meltano.env}
        self.log = ""
        meltano.take_calls()

    def run(self, name: str, date: str) -> dict[str, str]:
        """Run the DAG of a file for a logical date, and return the states of its tasks."""
        dag_id = name if name == "billing" else f"meltano_{name}"
        answer = self.airflow.worker.run_dag(self.airflow.home / f"dags/{name}.py", dag_id, date, self.env)
        self.log = answer["log"]
        return dict(answer["states"])


@pytest.fixture
def example(example_airflow: Airflow, recording_meltano: RecordingMeltano) -> Examples:
    """Return the examples in each Airflow."""
    return Examples(example_airflow, recording_meltano)


@pytest.fixture(scope="module")
def warehouse() -> Iterator[PostgreSQL]:
    """A PostgreSQL. Its data folder is readable for its account."""
    debian.install("PostgreSQL", ("psql", "pg_ctlcluster"), ("postgresql",))
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # noqa: PTH101, S103
        server = PostgreSQL(Path(name), *free_ports(1))
        server.create([])
        yield server
        server.stop()


def test_every_example_loads(example_airflow: Airflow) -> None:
    """Without errors, with its providers, and with one DAG per file."""
    files = sorted((example_airflow.home / "dags").glob("*.py"))
    answers = {file.stem: example_airflow.worker.import_file(file) for file in files if file.stem != "billing"}
    assert answers.keys() == {path.stem for path in (ROOT / "examples/schedules").glob("*.yml")}
    assert {name: answer["errors"] for name, answer in answers.items() if answer["errors"]} == {}
    assert [name for name, answer in answers.items() if len(answer["dags"]) != 1] == []


def test_a_sensor_finds_a_file_and_the_downstream_tasks_run(example: Examples, tmp_path: Path) -> None:
    """Below the path of its connection, in the folder of the hour."""
    write(tmp_path, {"incoming/20260302T050000/_SUCCESS": ""})
    example.env["AIRFLOW_CONN_FS_DEFAULT"] = f'{{"conn_type": "fs", "extra": {{"path": "{tmp_path}"}}}}'
    states = example.run("sensor_fan_out", "2026-03-02T05:00:00Z")
    assert states == dict.fromkeys(["wait_for_files", "orders", "customers", "refunds", "models"], "success")


@pytest.mark.parametrize(("day", "chosen", "other"), [("02", "update", "rebuild"), ("07", "rebuild", "update")])
def test_a_branch_is_skipped_and_the_task_after_both_runs(example: Examples, day: str, chosen: str, other: str) -> None:
    """On a Monday and on a Saturday."""
    states = example.run("branch_per_weekday", f"2026-03-{day}T04:00:00Z")
    assert states == {"is_weekend": "success", chosen: "success", other: "skipped", "tests": "success"}


def test_a_custom_operator_gets_an_xcom_and_a_function(example: Examples) -> None:
    """And a rendered template."""
    assert example.run("custom_operator", "2026-03-02T08:00:00Z") == {"rates": "success", "publish": "success"}
    assert "#finance: Rates of 2026-03-02\nCHF 0.94\nUSD 1.08" in example.log


def test_a_task_waits_for_a_task_of_another_dag(example: Examples) -> None:
    """In the run one hour earlier."""
    imports = "\n".join(import_of(name, example.airflow.version) for name in ("BashOperator", "DAG"))
    write(example.airflow.home / "dags", {"billing.py": _BILLING.format(imports=imports)})
    assert example.run("billing", "2026-03-02T05:00:00Z") == {"close_day": "success"}
    assert example.run("external_task", "2026-03-02T06:00:00Z") == {
        "billing": "success",
        "tap-billing_target-postgres": "success",
    }


@pytest.mark.parametrize(("day", "amount", "state"), [("02", 5, "success"), ("03", -5, "upstream_failed")])
def test_sql_checks_run_on_a_real_postgresql(
    example: Examples, warehouse: PostgreSQL, day: str, amount: int, state: str
) -> None:
    """The report is refreshed only if the checks pass."""
    database = f"warehouse_{example.airflow.name[-1]}_{day}"
    warehouse.query("postgres", f"CREATE DATABASE {database}")
    assert warehouse.query(database, _TABLES.format(amount=amount)) is not None
    example.env["AIRFLOW_CONN_WAREHOUSE"] = warehouse.url("postgres", database)
    assert example.run("sql_checks", f"2026-03-{day}T00:00:00Z")["report"] == state, example.log
    report = [["2026-03-02", "30"], ["2026-03-03", "5"]]
    assert warehouse.query(database, "SELECT * FROM report ORDER BY day") == (report if state == "success" else [])
