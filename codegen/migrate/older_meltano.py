"""Loads a generator for an older Meltano, with the list of schedules in the format of that Meltano."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from codegen.airflow.loading import LoadedFile, load_dag_files
from codegen.schema.model import PROJECT_ROOT_VARIABLE

# Older generators require a start date for each DAG, and Meltano 4 lists none.
_START = "1970-01-01"


def load_with_answer(
    airflow: Path, generator: Path, meltano_project: Path, listed: Mapping[str, Mapping[str, Any]]
) -> LoadedFile:
    """Load a generator with a `meltano` that lists schedules as Meltano 2 does, or if that fails, as Meltano 1 does."""
    schedules = [{"start_date": _START, **schedule} for schedule in listed.values()]
    elt = [schedule for schedule in schedules if "job" not in schedule]
    jobs = [schedule for schedule in schedules if "job" in schedule]
    loaded = _load(airflow, generator, meltano_project, {"schedules": {"elt": elt, "job": jobs}})
    return _load(airflow, generator, meltano_project, elt) if loaded.errors else loaded


def _load(airflow: Path, generator: Path, meltano_project: Path, answer: object) -> LoadedFile:
    with TemporaryDirectory(prefix="dagpress-") as folder:
        meltano = Path(folder, ".meltano", "run", "bin")
        meltano.parent.mkdir(parents=True)
        meltano.with_name("answer").write_text(json.dumps(answer), encoding="utf-8")
        meltano.write_text(f"#!/bin/sh\nexec cat '{meltano.with_name('answer')}'\n", encoding="utf-8")
        meltano.chmod(0o755)
        files, root = [(generator, generator.parent)], {PROJECT_ROOT_VARIABLE: folder}
        (loaded,) = load_dag_files(airflow, files, meltano_project, root, behaviour=True)
        dags = json.loads(json.dumps(loaded.dags).replace(folder, str(meltano_project)))
    for task in (task for dag in dags for task in dag["tasks"]):
        if isinstance(task.get("env"), dict) and "PATH" in task["env"]:
            # The generators of Meltano 1 copy all environment variables of the worker.
            task["env"] = {name: value for name, value in task["env"].items() if not _is_from_worker(name)}
            task["append_env"] = True
    return loaded._replace(dags=dags)


def _is_from_worker(name: str) -> bool:
    return name in os.environ or name.startswith(("AIRFLOW", "PYTHON", "_")) or name == PROJECT_ROOT_VARIABLE
