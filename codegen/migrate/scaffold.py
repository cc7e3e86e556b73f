"""Plans the files that add Dagpress to a Meltano project: Makefile targets, CI, pre-commit and git attributes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from codegen.configuration.file import REQUIREMENTS
from codegen.diagnostics import quoted
from codegen.files import exists, work_tree_of
from codegen.migrate.ci_files import hook, workflow
from codegen.migrate.git_files import git_files
from codegen.migrate.scaffold_steps import Step, missing_file, read_lines, rendered
from codegen.project import Project
from codegen.sync.changes import Change
from codegen.sync.parts import Action

_WITHOUT_SOURCE = (
    "to write the CI workflow, run `dagpress init --from SOURCE`, where SOURCE is a pip requirement, such as "
    "`git+https://...` or, once it is published on a package index, `dagpress`"
)


def configuration_text(airflow: str, reason: str, meltano_project: str) -> str:
    """Return a new dagpress.toml.

    Args:
        airflow: the Airflow version of the DAG files.
        reason: the reason for that version, as a comment.
        meltano_project: the path of the Meltano project directory in the project.
    """
    return rendered("dagpress.toml", airflow=airflow, reason=reason, meltano_project=meltano_project)


def scaffold(project: Project, source: str) -> tuple[list[Change], list[str]]:
    """Plan the missing files and lines, with advice where they cannot be added.

    Args:
        project: the project, with its configuration.
        source: the pip requirement that installs Dagpress; empty if unknown.
    """
    root = project.root.resolve()
    steps: list[Step] = [*_requirements(root, source)]
    repository = work_tree_of(root) or root
    # Dagpress also reads meltano.yml.
    folders = [
        os.path.relpath(folder, repository).replace(os.sep, "/") for folder in (root, project.meltano_project.resolve())
    ]
    folder = folders[0]
    watched = [] if folder == "." else [folder, *(each for each in folders[1:] if not _is_in(each, (folder, "..")))]
    steps += missing_file(root, "dagpress.mk")
    steps += missing_file(root, "Makefile", "dagpress.mk", "add the line `include dagpress.mk` to Makefile")
    if source or exists(root / REQUIREMENTS):
        steps += workflow(root, repository, folder, watched)
    steps += hook(root, repository, folder)
    steps += git_files(project, root, repository)
    return [step for step in steps if isinstance(step, Change)], [step for step in steps if isinstance(step, str)]


def _requirements(root: Path, source: str) -> Iterator[Step]:
    text = rendered(REQUIREMENTS, source=source)
    path = root / REQUIREMENTS
    if exists(path):
        if source and source not in read_lines(path):
            yield f"add {quoted(source)} to {REQUIREMENTS}, which installs Dagpress from another source"
    elif source:
        yield Change(REQUIREMENTS, Action.CREATE, "", text)
    else:
        yield _WITHOUT_SOURCE


def _is_in(path: str, folders: Iterable[str]) -> bool:
    return any(f"{path}/".startswith(f"{folder}/") for folder in folders)
