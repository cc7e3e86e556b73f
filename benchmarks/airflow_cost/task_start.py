"""Measures task starts in the Airflow of each tool, in turn."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

from airflow_cost.fleets import DAG_ID, TASK_ID, Fleet
from airflow_cost.processor import new_home

_INSIDE = Path(__file__).with_name("inside_airflow.py")


def task_starts(fleets: Sequence[Fleet], home: Path, configuration: str, runs: int) -> list[float]:
    """Return the median CPU seconds of a task start with each fleet.

    The fleets take turns, so that a slowdown of the machine affects all of them.
    """
    environs = [new_home(fleet, home / str(number), configuration) for number, fleet in enumerate(fleets)]
    times: list[list[float]] = [[] for _ in fleets]
    for _ in range(runs):
        for fleet, environ, of_fleet in zip(fleets, environs, times, strict=True):
            command = [str(fleet.program.with_name("python")), str(_INSIDE), fleet.file, DAG_ID, TASK_ID, "3"]
            done = subprocess.run(command, env=environ, capture_output=True, check=True)
            of_fleet.extend(json.loads(done.stdout.splitlines()[-1]))
    return [statistics.median(of_fleet) for of_fleet in times]
