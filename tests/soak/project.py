"""The project of the soak test: its schedules, meltano.yml and plugins, and the resulting pipelines."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from harness import generate
from versions import NEWEST

PLUGINS = Path(__file__).parent / "plugins"
TARGET = "target-rows"
SHARED = "tap-shared"
PAIR = ("tap-left", "tap-right")
# Of ten schedules, four run the shared extractor with `meltano run`, and three with `meltano el`.
KINDS = ("run", "el", "run", "job", "el", "run", "chain", "run", "el", "tasks")
# Meltano rejects runs of a pipeline for 5 minutes after a run was killed; the retries take more than 6.
DEFAULTS = {"retries": 9, "retry_delay": "45s", "tags": ["soak"]}


@dataclass(frozen=True)
class Pipeline:
    """The loads of one extractor into the warehouse.

    Attributes:
        schedule: the schedule that runs it, and the value of its SOAK_PIPELINE.
        source: the extractor.
        dag_id: the DAG of the schedule.
        state_id: the state ID of the bookmark in Meltano.
    """

    schedule: str
    source: str
    dag_id: str
    state_id: str

    @property
    def name(self) -> str:
        """The name in its rows."""
        return f"{self.schedule}/{self.source}"


@dataclass(frozen=True)
class SoakProject:
    """A Dagpress project in a folder, with its generated DAG files."""

    folder: Path
    pipelines: tuple[Pipeline, ...]

    @property
    def dags(self) -> Path:
        """The generated DAG files."""
        return self.folder / "generated_dags"

    @property
    def dag_ids(self) -> list[str]:
        """The DAG IDs, without duplicates."""
        return sorted({pipeline.dag_id for pipeline in self.pipelines})

    def copy_meltano(self, folder: Path) -> None:
        """Copy the Meltano project into a new folder."""
        shutil.copytree(self.folder / "meltano", folder)


def create(folder: Path, count: int, python: Path) -> SoakProject:
    """Write the project and generate its DAG files.

    Args:
        folder: the new folder of the project.
        count: the number of schedules.
        python: the Python of the plugins.
    """
    meltano, schedules = folder / "meltano", folder / "schedules"
    for new in (meltano, schedules):
        new.mkdir(parents=True)
    (folder / "dagpress.toml").write_text(f'airflow = "{NEWEST}"\nmeltano_project = "meltano"\n')
    for plugin in PLUGINS.glob("*.py"):
        (meltano / plugin.name).write_text(f"#!{python}\n{plugin.read_text()}")
        (meltano / plugin.name).chmod(0o755)
    _dump(meltano / "meltano.yml", _meltano())
    _dump(schedules / "_defaults.yml", DEFAULTS)
    pipelines: list[Pipeline] = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        name = f"{kind}_{number:02}"
        environment = "prod" if number % 3 == 0 else None
        _dump(schedules / f"{name}.yml", _schedule(kind, name, number, environment))
        pipelines += _pipelines(kind, name, environment or "dev")
    generate(folder)
    return SoakProject(folder, tuple(pipelines))


def _schedule(kind: str, name: str, number: int, environment: str | None) -> dict[str, Any]:
    suffix = {} if kind == "el" else {"state_id_suffix": name}
    return {
        "interval": "* * * * *" if number % 4 == 0 else "*/2 * * * *",
        "env": {"SOAK_PIPELINE": name},
        **({"environment": environment} if environment else {}),
        **suffix,
        **_steps(kind),
    }


def _steps(kind: str) -> dict[str, Any]:
    left, right = (f"{tap} {TARGET}" for tap in PAIR)
    steps: dict[str, dict[str, Any]] = {
        "run": {"tasks": [{"id": "load", "run": f"{SHARED} {TARGET}"}]},
        "el": {"extractor": SHARED, "loader": TARGET},
        "job": {"job": "pair"},
        "chain": {"tasks": [{"id": "load", "run": f"{left} {right}"}]},
        "tasks": {"tasks": [{"id": "left", "run": left, "after": []}, {"id": "right", "run": right, "after": []}]},
    }
    return steps[kind]


def _pipelines(kind: str, name: str, environment: str) -> Iterable[Pipeline]:
    dag_id = f"meltano_{name}_pair" if kind == "job" else f"meltano_{name}"
    if kind == "el":
        return [Pipeline(name, SHARED, dag_id, name)]
    sources = (SHARED,) if kind == "run" else PAIR
    return [Pipeline(name, tap, dag_id, f"{environment}:{tap}-to-{TARGET}:{name}") for tap in sources]


def _meltano() -> dict[str, Any]:
    shared = {
        "name": SHARED,
        "namespace": "tap_rows",
        "executable": "./tap_rows.py",
        "capabilities": ["catalog", "discover", "state"],
        # Each schedule sets the pipeline; the source distinguishes the extractors of one schedule.
        "settings": [{"name": "pipeline"}, {"name": "source"}],
        "config": {"pipeline": "$SOAK_PIPELINE", "source": SHARED},
    }
    others = [{"name": tap, "inherit_from": SHARED, "config": {"source": tap}} for tap in PAIR]
    target = {
        "name": TARGET,
        "namespace": "target_rows",
        "executable": "./target_rows.py",
        "settings": [{"name": "dsn"}],
        "config": {"dsn": "$SOAK_WAREHOUSE"},
    }
    return {
        "project_id": "dagpress-soak",
        "send_anonymous_usage_stats": False,
        "default_environment": "dev",
        "environments": [{"name": "dev"}, {"name": "prod"}],
        "plugins": {"extractors": [shared, *others], "loaders": [target]},
        "jobs": [{"name": "pair", "tasks": [f"{tap} {TARGET}" for tap in PAIR]}],
    }


def _dump(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False))
