"""The commands add and invoke, which install and run Airflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from codegen.airflow.dag_folders import names_dag_folders
from codegen.airflow.home import password_file
from codegen.airflow.installation import environment_in, folder_of, install, keep_out_of_git
from codegen.airflow.launch import launch
from codegen.cli.deployment import VARIABLE, default_environment
from codegen.cli.exit_code import ExitCode
from codegen.cli.next_steps import print_steps
from codegen.cli.options import folder_to_begin, open_project
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
  dagpress invoke airflow standalone                  everything at once
  dagpress invoke airflow scheduler -D                the scheduler, in the background
  dagpress invoke airflow webserver                   the page; on Airflow 3 the scheduler starts it too
  dagpress invoke airflow dags trigger meltano_carbon__duckdb

\b
The page's login is `admin`. Its password is in Airflow's home, .dagpress/airflow-VERSION/home:
in standalone_admin_password.txt on Airflow 2, in simple_auth_manager_passwords.json.generated on 3.
"""


@click.group()
def add() -> None:
    """Install Airflow for this project, or add the files that it needs."""


@add.command("orchestrator", short_help="Install Airflow for this project.", epilog=_ADD_EPILOG)
@click.argument("name", type=click.Choice(["airflow"]))
@click.option("--python", metavar="PATH", help="The Python to install it with.  [default: that of Dagpress]")
@click.pass_context
def add_orchestrator(context: click.Context, name: str, python: str | None) -> int:  # noqa: ARG001  # there is one so far
    """Install Airflow, in the version of the configuration, below .dagpress/, and set up its database.

    It gets an environment of its own, from pinned requirements. The files that a Meltano project needs are added as by
    `dagpress init`. What is there already stays.
    """
    code = int(ExitCode.FINE)
    root = context.obj = folder_to_begin(None)
    if not has_configuration(root) or is_file(open_project(root).meltano_project / "meltano.yml"):
        # Where there is no project at all, it says so.
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
    where = "is in" if done else "is there already, in"
    echo(f"Airflow {project.airflow} {where} {project.relative(folder)}.", err=True)
    print_steps(_steps_to_start(project))
    return code


def _steps_to_start(project: Project) -> Iterator[str]:
    """The next steps with a local Airflow."""
    airflow = environment_in(folder_of(project), project.airflow)
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
    """Add the files alone to a Meltano project, as `dagpress init` does."""
    return add_files(context, path, airflow, source)


class _PassingOn(click.Command):
    """A command that passes every argument on, also options and `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["arguments"] = tuple(args)
        return []


@click.group(epilog=_INVOKE_EPILOG)
def invoke() -> None:
    """Run a command of the project's Airflow."""


@invoke.command("airflow", cls=_PassingOn, add_help_option=False)
@click.pass_obj
def invoke_airflow(root: Path, arguments: tuple[str, ...]) -> int:
    """Run `airflow` for this project; everything after it is Airflow's."""
    project = open_project(root)
    if environment := default_environment(project):
        # The same DAG ids are in all trees, so Airflow is given one of them.
        project = replace(project, generated_dags=project.generated_dags / environment)
        if not names_dag_folders(os.environ):
            _say(f"the DAGs are those of the environment {environment}; {VARIABLE} chooses another")
    with _file_errors():
        return launch(project, arguments, _say)


COMMANDS = (add, invoke)


def _say(text: str) -> None:
    echo(f"dagpress: {text}", err=True)


@contextmanager
def _file_errors() -> Iterator[None]:
    """Report a file that cannot be read or written as an error of the user."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise DagpressError(f"{error.filename}: {error.strerror}") from error
