"""The command `init`, which `add files airflow` is too."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import click

from codegen.airflow_facts import VERSIONS
from codegen.cli.beginning import begin, say_airflow
from codegen.cli.exit_code import ExitCode
from codegen.cli.importing import import_
from codegen.cli.options import exit_code, open_project, writing
from codegen.cli.printer import echo, print_changes, report
from codegen.meltano import read_meltano_project
from codegen.migrate.scaffold import scaffold
from codegen.project import Project
from codegen.sync.changes import Action, Change
from codegen.validate.meltano_files import check_included_files

airflow_option = click.option(
    "--airflow",
    type=click.Choice(VERSIONS),
    help="The Airflow that the DAG files are for.  [default: the one that the project pins, else the newest]",
)


@click.command(
    epilog="""\b
Examples:
  dagpress init                     in the folder of meltano.yml
  dagpress init ../meltano          for a Meltano project elsewhere
  dagpress init --airflow 2.11      for the Airflow that you run
"""
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@airflow_option
@click.pass_context
def init(context: click.Context, path: Path | None, airflow: str | None) -> int:
    """Add what a Meltano project needs to use Dagpress.

    That is a configuration, Makefile targets, a CI workflow, a pre-commit hook, and its schedules, which come out of
    meltano.yml as with `dagpress import`. A file that is there stays as it is.
    """
    return add_files(context, path, airflow)


COMMANDS = (init,)


def add_files(context: click.Context, path: Path | None, airflow: str | None) -> int:
    """Write the files that are missing, and import the schedules; `airflow` is for a new configuration."""
    with writing(context.obj) as transaction:
        beginning = begin(context.obj, path, airflow=airflow)
        project = beginning.project
        changes, advice = scaffold(project.root, version("dagpress"))
        changes = [*beginning.changes, *changes]
        meltano, _ = read_meltano_project(project.root, beginning.meltano)
        ours = [project.schedules / "NAME.yml", *project.schedules.rglob("*.y*ml")]
        planned = [*ours, *(project.root / change.name for change in changes)]
        problems = list(check_included_files(meltano, beginning.meltano, planned)) if meltano else []
        done: Sequence[Change] = ()
        if not problems:
            done, problems = transaction.apply(changes)
        report([*beginning.diagnostics, *problems], "text")
        print_changes(done)
        if problems:
            return exit_code(problems)
        say_airflow(beginning)
        code = int(context.invoke(import_, path=path))
        _, problems = transaction.apply(_kept_folders(open_project(context.obj)))
        report(problems, "text")
    for step in advice:
        echo(f"- {step[0].upper()}{step[1:]}.", err=True)
    if airflow and airflow != project.airflow:
        echo(f"- The configuration is for Airflow {project.airflow}: set `airflow` there.", err=True)
        code = max(code, ExitCode.DRIFT)
    return max(code, exit_code(problems))


def _kept_folders(project: Project) -> list[Change]:
    """The files with which git keeps empty folders."""
    folders = (folder for folder in (project.schedules, project.generated_dags) if not folder.exists())
    names = ((folder / ".gitkeep").relative_to(project.root).as_posix() for folder in folders)
    return [Change(name, Action.CREATE, "", "") for name in names]
