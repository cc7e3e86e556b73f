"""Opens a project for `init` and `import`, with a new configuration if it has none."""

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
class OpenedProject:
    """A project, and its new configuration if it had none.

    Attributes:
        meltano: the Meltano project directory.
        changes: the change that writes the new configuration.
        reason: the reason for the Airflow version of the new configuration; empty for an existing one.
        diagnostics: the warnings about the Airflow pins.
    """

    project: Project
    meltano: Path
    changes: tuple[Change, ...] = ()
    reason: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


def open_or_configure(root: Path, path: Path | None, output: str = "text", airflow: str | None = None) -> OpenedProject:
    """Open the project in a folder, and plan a configuration if it has none.

    Args:
        root: the folder.
        path: the argument of the command, a Meltano project directory or its meltano.yml.
        output: the format of errors.
        airflow: the version for a new configuration. Default: the version that the project pins.

    Raises:
        click.UsageError: the existing configuration has another Airflow version.
        click.ClickException: meltano.yml is missing.
        click.exceptions.Exit: the configuration has errors, which were printed.
    """
    if has_configuration(root):
        project = open_project(root, output)
        if airflow and airflow != project.airflow:
            message = f'the configuration has Airflow {project.airflow} (set airflow = "{airflow}" there instead)'
            raise click.UsageError(message)
        return OpenedProject(project, meltano_folder(project.meltano_project, path))
    root = root.resolve()
    folder = meltano_folder(root, path)
    # The import takes 10 ms, and is needed once per project.
    from codegen.pins import AIRFLOW, choose_airflow, find_pins  # noqa: PLC0415

    choice = choose_airflow(() if airflow else find_pins(root, folder, AIRFLOW))
    chosen, reason = (airflow, "set by --airflow") if airflow else (choice.airflow, choice.reason)
    text = configuration_text(chosen, reason, os.path.relpath(folder, root).replace(os.sep, "/"))
    project = open_project(root, output, text)
    return OpenedProject(project, folder, (Change(OWN_FILE, Action.CREATE, "", text),), reason, choice.diagnostics)


def print_airflow(opened: OpenedProject) -> None:
    """Print the Airflow version of a new configuration and the reason for it."""
    if opened.reason:
        echo(f"The DAG files are for Airflow {opened.project.airflow}: {opened.reason}.", err=True)
