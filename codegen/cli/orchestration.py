"""The commands `add` and `invoke`, which install and run Airflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from codegen.airflow.dag_folders import configures_dag_folders
from codegen.airflow.home import password_file
from codegen.airflow.installation import folder_of, install, installation_in, keep_out_of_git
from codegen.airflow.launch import launch
from codegen.cli.deployment import VARIABLE, default_environment
from codegen.cli.exit_code import ExitCode
from codegen.cli.next_steps import print_steps
from codegen.cli.options import folder_to_set_up, open_project
from codegen.cli.printer import Progress, echo
from codegen.cli.setup import add_files, airflow_option, source_option
from codegen.configuration.file import has_configuration
from codegen.diagnostics import DagpressError
from codegen.files import is_file
from codegen.project import Project

_ADD_EPILOG = """\b
Examples:
  dagpress add orchestrator airflow
  dagpress add orchestrator airflow --python python3.12
  dagpress add files airflow
"""
_INVOKE_EPILOG = """\b
Examples:
  dagpress invoke airflow standalone                  all components in one process
  dagpress invoke airflow scheduler -D                the scheduler, in the background
  dagpress invoke airflow webserver                   the web UI; on Airflow 3, the scheduler also starts it
  dagpress invoke airflow dags trigger meltano_carbon__duckdb

\b
The user of the web UI is `admin`. The password is in Airflow's home, .dagpress/airflow-VERSION/home:
in standalone_admin_password.txt on Airflow 2, in simple_auth_manager_passwords.json.generated on 3.
"""


@click.group(epilog=_ADD_EPILOG)
def add() -> None:
    """Install Airflow for this project, or add the project files."""


@add.command("orchestrator", short_help="Install Airflow for this project.", epilog=_ADD_EPILOG)
@click.argument("name", type=click.Choice(["airflow"]))
@click.option("--python", metavar="PATH", help="The Python interpreter for Airflow.  [default: as for Dagpress]")
@click.pass_context
def add_orchestrator(context: click.Context, name: str, python: str | None) -> int:  # noqa: ARG001  # there is one so far
    """Install Airflow for this project.

    Installs the configured version into its own virtual environment below .dagpress/, from pinned requirements, and
    creates its database. Also adds the project files, as `dagpress init` does. Existing files and installations are
    kept.
    """
    code = int(ExitCode.FINE)
    root = context.obj = folder_to_set_up(None)
    if not has_configuration(root) or is_file(open_project(root).meltano_project / "meltano.yml"):
        # Fails in a directory without a project.
        code = add_files(context, None, None)
        if code == ExitCode.BAD_INPUT:
            return code
    project = open_project(root)
    folder = folder_of(project)
    progress = Progress()
    with _file_errors():
        keep_out_of_git(project)
        try:
            done = install(folder, project.airflow, python, progress.show)
        finally:
            progress.end()
    where = "was installed in" if done else "is already installed in"
    echo(f"Airflow {project.airflow} {where} {project.relative(folder)}.", err=True)
    print_steps(_steps_to_start(project))
    return code


def _steps_to_start(project: Project) -> Iterator[str]:
    """Yield the next steps after a local Airflow was installed."""
    airflow = installation_in(folder_of(project), project.airflow)
    password = project.relative(airflow.home / password_file(has_api_server=airflow.has_api_server))
    written = " (written at the first start)" if airflow.has_api_server else ""
    yield "Start it: `dagpress invoke airflow standalone`. DAGs start unpaused, so a due schedule runs at once."
    yield f"Log in as `admin`, with the password in {password}{written}."


@add.command("files", epilog="\b\nExample:\n  dagpress add files airflow")
@click.argument("name", type=click.Choice(["airflow"]))
@click.argument("path", required=False, type=click.Path(path_type=Path))
@airflow_option
@source_option
@click.pass_context
def add_files_(context: click.Context, name: str, path: Path | None, airflow: str | None, source: str) -> int:  # noqa: ARG001  # as above
    """Add the project files, as `dagpress init` does."""
    return add_files(context, path, airflow, source)


class _PassThrough(click.Command):
    """A command that passes all arguments through, including options and `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["arguments"] = tuple(args)
        return []


@click.group(epilog=_INVOKE_EPILOG)
def invoke() -> None:
    """Run an Airflow command for this project."""


@invoke.command("airflow", cls=_PassThrough, add_help_option=False)
@click.pass_obj
def invoke_airflow(root: Path, arguments: tuple[str, ...]) -> int:
    """Run `airflow` for this project with the given arguments."""
    project = open_project(root)
    if environment := default_environment(project):
        # All trees have the same DAG IDs, so Airflow gets only one.
        project = replace(project, generated_dags=project.generated_dags / environment)
        if not configures_dag_folders(os.environ):
            _log(f"using the DAGs of environment {environment}; set {VARIABLE} to use another")
    with _file_errors():
        return launch(project, arguments, _log)


COMMANDS = (add, invoke)


def _log(text: str) -> None:
    echo(f"dagpress: {text}", err=True)


@contextmanager
def _file_errors() -> Iterator[None]:
    """Report files that cannot be read or written as user errors."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise DagpressError(f"{error.filename}: {error.strerror}") from error
