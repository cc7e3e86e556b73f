"""A team that leaves Meltano's own generator keeps its DAGs: Airflow imports the same from both.

The generator runs on the same Airflow, and asks the real Meltano for its schedules.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from croniter import croniter
from harness import Airflow, Call, DemoProject, RecordingMeltano, generate

pytestmark = pytest.mark.slow

Data = dict[str, Any]

GENERATOR = Path(__file__).parent.parent / "generators" / "meltano.py"
# Every kind of schedule that Meltano accepts, in addition to those of the demo.
SCHEDULES: dict[str, Data] = {
    "hourly": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@hourly"},
    "weekly": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@weekly", "transform": "skip"},
    "monthly": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@monthly", "transform": "run"},
    "yearly": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@yearly", "transform": "only"},
    "annually": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@annually"},
    "midnight": {"extractor": "tap-carbon-forecast", "loader": "target-duckdb", "interval": "@midnight"},
    "office-hours": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "*/10 8-18 * * 1-5"},
    "dotted.name": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "5,35 * * * *"},
    "named-days": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "0 6 * jan-jun mon-fri"},
    "with-env": {
        "extractor": "tap-carbon",
        "loader": "target-duckdb",
        "interval": "@daily",
        "env": {"TAP_CARBON_STREAM_NAME": 'it\'s "here" $HOME', "JSON": '["a", {"b": 1}]'},
    },
    "never": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@once"},
    "by-hand": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@manual"},
    "off": {"extractor": "tap-carbon", "loader": "target-duckdb", "interval": "@none"},
    "job-of-one": {"job": "one", "interval": "@daily"},
    "job-of-lists": {"job": "lists", "interval": "30 4 1 * *"},
    "job-of-many": {"job": "many", "interval": "@weekly"},
    "job-never": {"job": "one", "interval": "@once"},
}
JOBS: list[Data] = [
    {"name": "one", "tasks": ["tap-carbon target-duckdb"]},
    {"name": "lists", "tasks": [["tap-carbon", "target-duckdb"], ["tap-carbon-forecast", "target-duckdb"]]},
    {"name": "many", "tasks": ["tap-carbon target-duckdb"] * 12},
]


def _attributes_of_the_generator(dag: Data) -> Data:
    """Return the attributes of an imported DAG that the generator decides."""
    kept = ("dag_id", "tags", "timezone", "catchup", "max_active_runs")
    kept_of_a_task = ("task_id", "upstream", "owner", "depends_on_past", "retries", "retry_delay", "start_date")
    tasks = [
        {key: task[key] for key in kept_of_a_task}
        | {"sends_email": bool(task["email"] and (task["email_on_failure"] or task["email_on_retry"]))}
        for task in dag["tasks"]
    ]
    cron = croniter.expand(dag["schedule"]) if dag["schedule"] else None
    return {key: dag[key] for key in kept} | {"cron": cron, "tasks": tasks}


def _meltano_schedules(project: DemoProject) -> list[Data]:
    listed = json.loads(project.meltano("schedule", "list", "--format=json"))["schedules"]
    return [*listed["elt"], *listed["job"]]


def _import(airflow: Airflow, folder: Path) -> dict[str, tuple[Path, Data]]:
    found: dict[str, tuple[Path, Data]] = {}
    for path in sorted(folder.rglob("*.py")):
        answer = airflow.worker.import_file(path)
        assert (answer["errors"], answer["warnings"]) == ([], []), path
        found |= {dag["dag_id"]: (path, dag) for dag in answer["dags"]}
    return found


def _of_the_generator(airflow: Airflow, project: DemoProject) -> dict[str, Data]:
    environ = project.environ()
    answer = airflow.worker.import_file(GENERATOR, environ)
    assert answer["errors"] == []
    return {dag["dag_id"]: _attributes_of_the_generator(dag) for dag in answer["dags"]}


@pytest.fixture
def every_kind(airflow: Airflow, demo_project: DemoProject) -> Path:
    """Write SCHEDULES and JOBS to the demo project, for Meltano and for Dagpress, and generate."""
    folder = demo_project.folder
    config = folder / "meltano.yml"
    plugins, _ = config.read_text().split("\njobs:\n")
    # Meltano requires `transform` without a job.
    schedules = [{"name": name, **_transform(schedule), **schedule} for name, schedule in SCHEDULES.items()]
    config.write_text(f"{plugins}\njobs: {json.dumps(JOBS)}\nschedules: {json.dumps(schedules)}\n")
    (folder / "schedules").mkdir()
    for name, schedule in SCHEDULES.items():
        # JSON is YAML.
        (folder / "schedules" / f"{name}.yml").write_text(json.dumps(schedule))
    (folder / "dagpress.toml").write_text(f'airflow = "{airflow.version}"\nmeltano_project = "."\n')
    generate(folder)
    return folder / "generated_dags"


def _transform(schedule: Data) -> Data:
    return {} if "job" in schedule else {"transform": "skip"}


def test_every_kind_of_schedule_has_the_same_dag_and_runs_the_same(
    airflow: Airflow, demo_project: DemoProject, every_kind: Path, recording_meltano: RecordingMeltano
) -> None:
    schedules = _meltano_schedules(demo_project)
    assert {schedule["name"] for schedule in schedules} == set(SCHEDULES)
    found = _import(airflow, every_kind)
    ours = {dag_id: _attributes_of_the_generator(dag) for dag_id, (_, dag) in found.items()}
    # A manual schedule has no DAG there, and a DAG for manual runs here.
    by_itself = {dag_id: dag for dag_id, dag in ours.items() if dag["cron"]}
    assert by_itself == _of_the_generator(airflow, demo_project)
    assert len(ours) - len(by_itself) == sum(schedule["cron_interval"] is None for schedule in schedules)
    names = {path.stem: (path, dag) for path, dag in found.values()}
    for schedule in schedules:
        path, dag = names[schedule["name"]]
        for task in dag["tasks"]:
            answer = airflow.worker.execute(path, dag["dag_id"], task["task_id"], recording_meltano.env)
            assert answer["error"] is None, answer["log"]
        _assert_it_runs_the_same(schedule, recording_meltano.take_calls())


def _assert_it_runs_the_same(schedule: Data, calls: list[Call]) -> None:
    if job := schedule.get("job"):
        # The shell splits what the generator joins with spaces.
        lines = [task if isinstance(task, str) else " ".join(task) for task in job["tasks"]]
        assert [call.argv for call in calls] == [["run", *line.split()] for line in lines]
    else:
        # `meltano schedule run`, which the generator calls, runs `meltano elt` with these.
        (call,) = calls
        assert call.argv[0] in {"el", "elt"}
        assert sorted(_without_the_default(call.argv[1:])) == sorted(_without_the_default(schedule["elt_args"]))
    for call in calls:
        assert schedule["env"].items() <= call.env.items()


def _without_the_default(arguments: list[str]) -> list[str]:
    return [argument for argument in arguments if argument != "--transform=skip"]
