"""The folders of DAG files that the Airflow of a project reads, the files in them, and the variables that name them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from codegen.airflow.home import home_of
from codegen.airflow.installation import Installation
from codegen.meltano.generator import is_generator
from codegen.project import Project

DAGS_FOLDER = "AIRFLOW__CORE__DAGS_FOLDER"
BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
_LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"
# The folder of symlinks in the home of an Airflow 2. Nothing else in a home is changed.
LINKS = "dagpress-dags"
# Each Airflow process imports it at its start, and other programs do not. Airflow takes over the names in `__all__`.
_LOCAL_SETTINGS = f"""\
\"\"\"Written by Dagpress: lets DAG files import modules from their own folder, after installed packages.\"\"\"

import sys
from pathlib import Path

__all__ = []

sys.path += [str(link.resolve()) for link in sorted(Path(__file__).parent.parent.glob("{LINKS}/*"))]
"""


def dag_folders(project: Project) -> dict[str, Path]:
    """Return the folders that Airflow reads, by name; the first has the name of Airflow's default bundle."""
    folders = {"dags-folder": project.generated_dags}
    for folder in project.custom_dags:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", os.path.relpath(folder, project.root)).strip("-.") or "custom"
        number = sum(other == name or other.startswith(f"{name}-") for other in folders)
        folders[f"{name}-{number + 1}" if number else name] = folder
    return folders


def configures_dag_folders(environ: Mapping[str, str]) -> bool:
    """Return whether the environment variables already configure the DAG folders."""
    return DAGS_FOLDER in environ or BUNDLES in environ


def airflow_environ(project: Project, airflow: Installation, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of an Airflow that runs a project; existing ones stay.

    The only DAGs folder of Airflow 2 is the folder of symlinks in its home. It is not on PYTHONPATH: there, it would
    precede the standard library, also in every program that a task runs.
    """
    env = dict(environ)
    env.setdefault(project.project_root_variable, str(project.meltano_project))
    env["AIRFLOW_HOME"] = env.get("AIRFLOW_HOME") or str(airflow.home)
    env["PATH"] = os.pathsep.join([str(airflow.bin), env.get("PATH") or os.defpath])
    if configures_dag_folders(environ):
        return env
    if not airflow.has_api_server:
        env[DAGS_FOLDER] = str(home_of(env) / LINKS)
        return env
    bundles = [
        {"name": name, "classpath": _LOCAL_BUNDLE, "kwargs": {"path": str(folder)}}
        for name, folder in dag_folders(project).items()
    ]
    return {**env, DAGS_FOLDER: str(project.generated_dags), BUNDLES: json.dumps(bundles)}


def digest_of_dags(project: Project) -> str:
    """Return a digest that changes when a DAG file is added, removed or changed."""
    digest = hashlib.sha256()
    for path in _dag_files(project):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def old_generators(project: Project) -> list[Path]:
    """Return the DAG files that generate DAGs from Meltano's schedules, with the DAG IDs of the generated files."""
    return [path for path in _dag_files(project) if is_generator(path)]


def link_dag_folders(project: Project, folder: Path) -> None:
    """Create a folder of symlinks to exactly the folders that Airflow reads.

    A symlink must never be missing, even briefly: a running Airflow would drop the DAGs.
    """
    wanted = dag_folders(project)
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, target in wanted.items():
        link = folder / name
        if not link.is_symlink() or link.readlink() != target:
            temporary = folder / f".{name}.{os.getpid()}"
            temporary.symlink_to(target)
            temporary.replace(link)


def write_local_settings(home: Path) -> None:
    """Let the DAG files in linked folders import adjacent modules; an existing settings file stays.

    Airflow 2 looks for modules in its only DAGs folder, which here contains only symlinks to folders.
    """
    path = home / "config" / "airflow_local_settings.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_LOCAL_SETTINGS, encoding="utf-8")


def _dag_files(project: Project) -> Iterator[Path]:
    for folder in dag_folders(project).values():
        yield from (path for path in sorted(folder.rglob("*.py")) if path.is_file())
