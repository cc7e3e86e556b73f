"""The variables with which the Airflow of a project runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from codegen.old_generator import is_generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.airflow.environment import AirflowEnvironment
    from codegen.project import Project

DAGS_FOLDER = "AIRFLOW__CORE__DAGS_FOLDER"
BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
_LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"


def dag_folders(project: Project) -> dict[str, Path]:
    """The folders that Airflow reads, by name; the first has the name that Airflow itself gives its only one."""
    folders = {"dags-folder": project.generated_dags}
    for folder in project.custom_dags:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", os.path.relpath(folder, project.root)).strip("-.") or "custom"
        number = sum(other == name or other.startswith(f"{name}-") for other in folders)
        folders[f"{name}-{number + 1}" if number else name] = folder
    return folders


def airflow_environ(project: Project, airflow: AirflowEnvironment, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of an Airflow that runs a project. What the caller has set stays.

    On Airflow 2, which has one DAGs folder, this is a folder of links in its home; it is brought up to date here.
    """
    env = dict(environ)
    env.setdefault("MELTANO_PROJECT_ROOT", str(project.meltano_project))
    env.setdefault("AIRFLOW_HOME", str(airflow.home))
    env["PATH"] = os.pathsep.join([str(airflow.bin), env.get("PATH") or os.defpath])
    if DAGS_FOLDER in env or BUNDLES in env:
        return env
    project.generated_dags.mkdir(parents=True, exist_ok=True)
    folders = dag_folders(project)
    if airflow.is_2:
        links = Path(env["AIRFLOW_HOME"]) / "dags"
        _link(links, folders)
        env[DAGS_FOLDER] = str(links)
        # Airflow itself puts only the folder of links there; a DAG file may import its neighbours.
        python_path = [*map(str, folders.values()), *filter(None, [env.get("PYTHONPATH")])]
        env["PYTHONPATH"] = os.pathsep.join(python_path)
    else:
        bundles = [
            {"name": name, "classpath": _LOCAL_BUNDLE, "kwargs": {"path": str(folder)}}
            for name, folder in folders.items()
        ]
        env[DAGS_FOLDER] = str(project.generated_dags)
        env[BUNDLES] = json.dumps(bundles)
    return env


def digest_of_dags(project: Project) -> str:
    """Changes when a DAG file comes, goes or changes."""
    digest = hashlib.sha256()
    for path in _dag_files(project):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def old_generators(project: Project) -> list[Path]:
    """The DAG files that make DAGs of Meltano's own schedules: they claim the same DAG ids as ours."""
    return [path for path in _dag_files(project) if is_generator(path)]


def _dag_files(project: Project) -> Iterator[Path]:
    for folder in dag_folders(project).values():
        for parent, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            yield from (
                Path(parent, name) for name in sorted(files) if name.endswith(".py") and Path(parent, name).is_file()
            )


def _link(folder: Path, wanted: Mapping[str, Path]) -> None:
    """Make the links, and no others. A running Airflow must not miss one for a moment: it would drop the DAGs."""
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
