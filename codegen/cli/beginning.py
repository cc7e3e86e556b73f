"""Opens a project for `init` and `import`, which give a folder without a configuration one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from codegen.airflow_facts import VERSIONS, newest
from codegen.cli.lookup import meltano_folder
from codegen.cli.options import open_project
from codegen.configuration.file import OWN_FILE, has_configuration
from codegen.migrate.scaffold import configuration_text
from codegen.project import Project
from codegen.sync.changes import Action, Change

_PINNED = re.compile(r"apache-airflow(?:\[[^\]]*\])?\s*[=~]=\s*(\d+\.\d+)")


@dataclass(frozen=True)
class Beginning:
    """A project, the Meltano project directory of the command, and the change that writes a new configuration."""

    project: Project
    meltano: Path
    changes: tuple[Change, ...]


def begin(root: Path, path: Path | None, output: str = "text", airflow: str | None = None) -> Beginning:
    """The project in that folder; without a configuration, with the one that it gets.

    Args:
        root: the folder.
        path: the argument of the command, a Meltano project directory or its meltano.yml.
        output: the format of errors.
        airflow: the version for a new configuration; else the one of the Meltano project.

    Raises:
        click.ClickException: there is no meltano.yml.
        click.exceptions.Exit: the configuration has errors, which were printed.
    """
    if has_configuration(root):
        project = open_project(root, output)
        return Beginning(project, meltano_folder(project.meltano_project, path), ())
    folder = meltano_folder(root.resolve(), path)
    relative = os.path.relpath(folder, root.resolve()).replace(os.sep, "/")
    text = configuration_text(airflow or _airflow_of(folder), relative)
    return Beginning(open_project(root, output, text), folder, (Change(OWN_FILE, Action.CREATE, "", text),))


def _airflow_of(folder: Path) -> str:
    """The supported version that meltano.yml installs, else the newest."""
    text = (folder / "meltano.yml").read_text(encoding="utf-8", errors="replace")
    return next((number for number in _PINNED.findall(text) if number in VERSIONS), newest())
