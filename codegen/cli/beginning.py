"""Opens a project for `init` and `import`, which create a missing configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from codegen.cli.lookup import meltano_folder
from codegen.cli.options import open_project
from codegen.cli.printer import echo
from codegen.configuration.file import OWN_FILE, has_configuration
from codegen.diagnostics import Diagnostic
from codegen.migrate.scaffold import configuration_text
from codegen.project import Project
from codegen.sync.changes import Change
from codegen.sync.parts import Action


@dataclass(frozen=True)
class Beginning:
    """A project at the start of a command.

    Attributes:
        meltano: the Meltano project directory of the command.
        changes: the change that writes a new configuration.
        reason: the reason for the Airflow version of a new configuration; empty for an existing one.
        diagnostics: the warnings about the pins of Airflow.
    """

    project: Project
    meltano: Path
    changes: tuple[Change, ...] = ()
    reason: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


def begin(root: Path, path: Path | None, output: str = "text", airflow: str | None = None) -> Beginning:
    """Open the project in a folder, with a planned configuration if it has none.

    Args:
        root: the folder.
        path: the argument of the command, a Meltano project directory or its meltano.yml.
        output: the format of errors.
        airflow: the version for a new configuration. Default: the version that the project pins.

    Raises:
        click.UsageError: an existing configuration is for another Airflow than the given one.
        click.ClickException: there is no meltano.yml.
        click.exceptions.Exit: the configuration has errors, which were printed.
    """
    if has_configuration(root):
        project = open_project(root, output)
        if airflow and airflow != project.airflow:
            message = f'the configuration is for Airflow {project.airflow}: set `airflow = "{airflow}"` there.'
            raise click.UsageError(message)
        return Beginning(project, meltano_folder(project.meltano_project, path))
    root = root.resolve()
    folder = meltano_folder(root, path)
    # The import takes 10 ms, and a project needs it once.
    from codegen.pins import AIRFLOW, choose_airflow, find_pins  # noqa: PLC0415

    choice = choose_airflow(() if airflow else find_pins(root, folder, AIRFLOW))
    chosen, reason = (airflow, "set by --airflow") if airflow else (choice.airflow, choice.reason)
    text = configuration_text(chosen, reason, os.path.relpath(folder, root).replace(os.sep, "/"))
    project = open_project(root, output, text)
    return Beginning(project, folder, (Change(OWN_FILE, Action.CREATE, "", text),), reason, choice.diagnostics)


def say_airflow(beginning: Beginning) -> None:
    """Print the Airflow version of a new configuration, and the reason for it."""
    if beginning.reason:
        echo(f"The DAG files are for Airflow {beginning.project.airflow}: {beginning.reason}.", err=True)
