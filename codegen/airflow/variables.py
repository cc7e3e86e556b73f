"""The environment variables of the Airflow of a project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from codegen.airflow.dag_folders import LINKS, dag_folders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.airflow.installation import Installation
    from codegen.project import Project

DAGS_FOLDER = "AIRFLOW__CORE__DAGS_FOLDER"
BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
_LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"


def names_dag_folders(environ: Mapping[str, str]) -> bool:
    """Whether the caller has named the folders of DAGs that Airflow reads."""
    return DAGS_FOLDER in environ or BUNDLES in environ


def home_of(environ: Mapping[str, str]) -> Path:
    """The home that `AIRFLOW_HOME` names, as Airflow reads it."""
    return Path(os.path.expandvars(os.path.expanduser(environ["AIRFLOW_HOME"]))).absolute()  # noqa: PTH111  # not `~` alone


def airflow_environ(project: Project, airflow: Installation, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of an Airflow that runs a project; those that are set already stay.

    The only DAGs folder of Airflow 2 is the folder of links in its home. PYTHONPATH does not lead there: it would
    precede the standard library, also in every program that a task runs.
    """
    env = dict(environ)
    env.setdefault(project.project_root_variable, str(project.meltano_project))
    env["AIRFLOW_HOME"] = env.get("AIRFLOW_HOME") or str(airflow.home)
    env["PATH"] = os.pathsep.join([str(airflow.bin), env.get("PATH") or os.defpath])
    if names_dag_folders(environ):
        return env
    folders = dag_folders(project)
    if not airflow.has_api_server:
        env[DAGS_FOLDER] = str(home_of(env) / LINKS)
    else:
        bundles = [
            {"name": name, "classpath": _LOCAL_BUNDLE, "kwargs": {"path": str(folder)}}
            for name, folder in folders.items()
        ]
        env[DAGS_FOLDER] = str(project.generated_dags)
        env[BUNDLES] = json.dumps(bundles)
    return env
