"""The DAG files of each tool for the same schedules: an extractor and a loader, so a DAG of one BashOperator.

The DAGs have the same cron, tags and task, so that the rest of what Airflow does with them costs the same.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from environments import ENVIRONMENTS, ROOT, meltano_environ
from versions import NEWEST

# A hand-written file with one DAG: the baseline of a task start.
BY_HAND = """\
from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="meltano_shop_0000",
    schedule="0 0 * * *",
    start_date=pendulum.datetime(1970, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "retry_delay": timedelta(minutes=5)},
    tags=["meltano", "tap-shop-0", "target-warehouse"],
):
    BashOperator(
        task_id="extract_load",
        bash_command="cd $MELTANO_PROJECT_ROOT && meltano el tap-shop-0 target-warehouse --state-id=shop_0000",
        env={"TAP_SHOP_TABLE": "table_0"},
        append_env=True,
    )
"""
# As in the documentation of dag-factory: a file that loads every YAML file below it.
_DAG_FACTORY = """\
from pathlib import Path

from airflow.sdk import DAG  # so that Airflow takes the file for one with DAGs
from dagfactory import load_yaml_dags

load_yaml_dags(globals_dict=globals(), dags_folder=str(Path(__file__).parent))
"""
# The first DAG of every fleet, and its task.
DAG_ID, TASK_ID = "meltano_shop_0000", "extract_load"
SCHEDULE, FOLDER = 'layout = "schedule"', 'layout = "folder"'
_MELTANO_BIN = Path(".meltano/run/bin")


@dataclass(frozen=True)
class Fleet:
    """The DAG files of one tool.

    Attributes:
        name: the name of the tool in the table.
        dags: the DAGs folder.
        file: the file in it with the first DAG.
        environment: the test environment in which it runs.
        variables: the environment variables that it needs.
    """

    name: str
    dags: Path
    file: str
    environment: str = "airflow-3"
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether Dagpress generated the files."""
        return self.name in {FOLDER, SCHEDULE}

    @property
    def program(self) -> Path:
        """The `airflow` that reads the files."""
        return ENVIRONMENTS[self.environment].folder / "venv/bin/airflow"


@dataclass(frozen=True)
class Schedules:
    """A number of schedules, and how many of them share a folder."""

    count: int
    a_folder: int

    def __iter__(self) -> Iterator[tuple[int, str, str, str]]:
        """Yield the number, name, folder and cron of each."""
        for number in range(self.count):
            cron = f"{number % 60} {number % 24} * * *"
            yield number, f"shop_{number:04}", f"team_{number // self.a_folder:02}", cron


def make_fleets(folder: Path, schedules: Schedules) -> list[Fleet]:
    """Write the DAG files of every tool into a folder: ours in both layouts, then those of the other tools."""
    return [
        _of_dagpress(folder / "schedule", schedules, SCHEDULE, "team_00/shop_0000.py"),
        _of_dagpress(folder / "folder", schedules, FOLDER, "team_00.py"),
        _of_meltano(folder / "meltano", schedules),
        _of_dag_factory(folder / "dag-factory", schedules),
    ]


def write_by_hand(folder: Path) -> Fleet:
    """Write the file that is the baseline of task starts."""
    folder.mkdir(parents=True)
    (folder / "by_hand.py").write_text(BY_HAND, encoding="utf-8")
    return Fleet("a hand-written file of one DAG", folder, "by_hand.py")


def _of_dagpress(folder: Path, schedules: Schedules, layout: str, file: str) -> Fleet:
    for number, name, team, cron in schedules:
        path = folder / "schedules" / team / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        written = {**_plugins_of(number), "interval": cron, "env": _variables_of(number)}
        path.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    (folder / "dagpress.toml").write_text(f'airflow = "{NEWEST}"\n{layout}\n', encoding="utf-8")
    command = [sys.executable, "-m", "codegen", "--project", str(folder), "generate"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Fleet(layout, folder / "generated_dags", file)


def _of_meltano(folder: Path, schedules: Schedules) -> Fleet:
    """Return a Meltano project with its generator, which runs `meltano schedule list` at each parse.

    The generator of `meltano add files-airflow` is for Airflow 2: Airflow 3 rejects its `schedule_interval`, and
    Meltano 4 lists no `start_date`. The generator of the tests is the same, ported to Airflow 3.
    """
    names = sorted({f"tap-shop-{number}" for number, *_ in schedules})
    meltano = {
        "version": 1,
        "send_anonymous_usage_stats": False,
        "plugins": {"extractors": [{"name": name} for name in names], "loaders": [{"name": "target-warehouse"}]},
        "schedules": [
            {"name": name, **_plugins_of(number), "interval": cron, "transform": "skip", "env": _variables_of(number)}
            for number, name, _, cron in schedules
        ],
    }
    dags = folder / "orchestrate" / "dags"
    dags.mkdir(parents=True)
    (folder / "meltano.yml").write_text(yaml.safe_dump(meltano, sort_keys=False), encoding="utf-8")
    shutil.copy(ROOT / "tests/generators/meltano.py", dags)
    (folder / _MELTANO_BIN).parent.mkdir(parents=True)
    (folder / _MELTANO_BIN).symlink_to(ENVIRONMENTS["meltano"].folder / "bin/meltano")
    variables = {"MELTANO_PROJECT_ROOT": str(folder), "PATH": meltano_environ()["PATH"]}
    return Fleet("Meltano's generator", dags, "meltano.py", variables=variables)


def _of_dag_factory(folder: Path, schedules: Schedules) -> Fleet:
    for number, name, team, cron in schedules:
        plugins = _plugins_of(number)
        dag = {
            "schedule": cron,
            "catchup": False,
            "max_active_runs": 1,
            "default_args": {"owner": "airflow", "retries": 1, "retry_delay_sec": 300, "start_date": "1970-01-01"},
            "tags": ["meltano", *plugins.values()],
            "tasks": {
                "extract_load": {
                    "operator": "airflow.providers.standard.operators.bash.BashOperator",
                    "bash_command": f"meltano el {' '.join(plugins.values())} --state-id={name}",
                    "env": _variables_of(number),
                    "append_env": True,
                }
            },
        }
        path = folder / team / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({f"meltano_{name}": dag}, sort_keys=False), encoding="utf-8")
    (folder / "factory.py").write_text(_DAG_FACTORY, encoding="utf-8")
    # Otherwise it sends telemetry.
    variables = {"AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False"}
    return Fleet("dag-factory", folder, "factory.py", "dag-factory", variables)


def _plugins_of(number: int) -> dict[str, str]:
    return {"extractor": f"tap-shop-{number}", "loader": "target-warehouse"}


def _variables_of(number: int) -> dict[str, str]:
    return {"TAP_SHOP_TABLE": f"table_{number}"}
