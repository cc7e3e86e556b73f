"""The folders of DAG files that the Airflow of a project reads, and the files in them."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from codegen.meltano.generator import is_generator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from codegen.project import Project

# The folder of links in the home of an Airflow 2. It is ours: whatever else lies in a home is not touched.
LINKS = "dagpress-dags"
# Airflow imports it as each of its processes starts, and no other program does. `__all__` is what it takes over.
_LOCAL_SETTINGS = f"""\
\"\"\"Written by Dagpress: lets a DAG file import what lies beside it, behind all that is installed.\"\"\"

import sys
from pathlib import Path

__all__ = []

sys.path += [str(link.resolve()) for link in sorted(Path(__file__).parent.parent.glob("{LINKS}/*"))]
"""


def dag_folders(project: Project) -> dict[str, Path]:
    """The folders that Airflow reads, by name; the first has the name that Airflow itself gives its only one."""
    folders = {"dags-folder": project.generated_dags}
    for folder in project.custom_dags:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", os.path.relpath(folder, project.root)).strip("-.") or "custom"
        number = sum(other == name or other.startswith(f"{name}-") for other in folders)
        folders[f"{name}-{number + 1}" if number else name] = folder
    return folders


def digest_of_dags(project: Project) -> str:
    """A digest that changes when a DAG file is added, removed or changed."""
    digest = hashlib.sha256()
    for path in _dag_files(project):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def old_generators(project: Project) -> list[Path]:
    """The DAG files that generate DAGs from Meltano's schedules: they have the same DAG ids as ours."""
    return [path for path in _dag_files(project) if is_generator(path)]


def link_dag_folders(project: Project, folder: Path) -> None:
    """Make a folder of links to exactly the folders that Airflow reads.

    A link must never be missing, even briefly: a running Airflow would drop the DAGs.
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
    """Let the DAG files behind the links of a home import their neighbours; a file of the user stays.

    Airflow 2 looks for modules in its only DAGs folder, which here contains only links to folders.
    """
    path = home / "config" / "airflow_local_settings.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_LOCAL_SETTINGS, encoding="utf-8")


def _dag_files(project: Project) -> Iterator[Path]:
    for folder in dag_folders(project).values():
        yield from (path for path in sorted(folder.rglob("*.py")) if path.is_file())
