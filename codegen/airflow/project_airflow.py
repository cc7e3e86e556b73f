"""Finds the Airflow that loads the DAG files of a project, of the configured version."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from codegen.airflow.installation import AirflowError, installation_of, version_of
from codegen.airflow_facts import VERSIONS
from codegen.project import Project


class ProjectAirflow(NamedTuple):
    """An `airflow` program, its release, and its home if Dagpress installed it."""

    program: Path
    release: str
    home: Path | None


def airflow_of(project: Project, program: Path | None) -> ProjectAirflow:
    """Return the Airflow of a program, by default the project's own.

    Raises:
        AirflowError: it is missing, or does not have the configured version.
    """
    home = None
    if program is None:
        installed = installation_of(project)
        program, home = installed.program, installed.home if installed.is_ours else None
    release = version_of(program)
    minor = ".".join(re.findall(r"\d+", release)[:2])
    if minor != project.airflow:
        message = f'the configuration has airflow = "{project.airflow}", but {program} is Airflow {release}'
        change = f'set airflow = "{minor}" in the configuration and generate the DAG files again, or '
        change = change if minor in VERSIONS else ""
        raise AirflowError(message, f"{change}pass the `airflow` program of Airflow {project.airflow} with --airflow")
    return ProjectAirflow(program, release, home)
