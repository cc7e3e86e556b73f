"""The command `init`, also available as `add files airflow`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import click

from codegen.airflow_facts import VERSIONS
from codegen.cli.importing import Choices, import_schedules
from codegen.cli.opening import OpenedProject, open_or_configure, print_airflow
from codegen.cli.options import exit_code, folder_to_set_up, open_project, writing
from codegen.cli.reporting import print_changes, report
from codegen.diagnostics import Diagnostic
from codegen.files import exists, walk
from codegen.loader import SUFFIXES
from codegen.meltano import read_meltano_project
from codegen.migrate.scaffold import scaffold
from codegen.project import Project
from codegen.secrets.detection import contains_secret
from codegen.sync.changes import Change
from codegen.sync.parts import Action
from codegen.validate.meltano_files import check_included_files

airflow_option = click.option(
    "--airflow",
    type=click.Choice(VERSIONS),
    help="The Airflow version of the DAG files.  [default: the version that the project pins, else the newest]",
)
source_option = click.option(
    "--from",
    "source",
    metavar="SOURCE",
    default="",
    help="Where CI installs Dagpress from: a pip requirement, URL or path.  [default: as installed here]",
)


@click.command(
    epilog="""\b
Examples:
  dagpress init                     in the Meltano project directory
  dagpress init ../meltano          for a Meltano project in another directory
  dagpress init --airflow 2.11      for another Airflow version
  dagpress init --from git+https://git.example.com/data/dagpress.git@v1.2.3
"""
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@airflow_option
@source_option
@click.pass_context
def init(context: click.Context, path: Path | None, airflow: str | None, source: str) -> int:
    """Set up Dagpress in a Meltano project.

    Writes a configuration, Makefile targets, a CI workflow, a pre-commit hook, .gitattributes and .gitignore, and
    imports the schedules of meltano.yml, as `dagpress import` does. Existing lines are kept; the pre-commit hook,
    .gitattributes and .gitignore get the missing ones. The workflow and the hook go to the root of the git repository.
    """
    return add_files(context, path, airflow, source)


COMMANDS = (init,)


def add_files(context: click.Context, path: Path | None, airflow: str | None, source: str = "") -> int:
    """Write the missing files and import the schedules; `airflow` is for a new configuration."""
    if not source.isprintable() or contains_secret(source):
        raise click.UsageError("`--from` must be one line without a secret: it is written to a file in git")
    context.obj = folder_to_set_up(path)
    with writing(context.obj) as transaction:
        opened = open_or_configure(context.obj, path, airflow=airflow)
        project = opened.project
        files, advice = scaffold(project, source or _installed_from())
        changes = [*opened.changes, *files]
        done: Sequence[Change] = ()
        problems = _check_include_paths(opened, changes)
        if not problems:
            done, problems = transaction.apply(changes)
        report([*opened.diagnostics, *problems], "text")
        print_changes(done)
        if problems:
            return exit_code(problems)
        print_airflow(opened)
        code = import_schedules(context.obj, path, Choices(), [f"{step}." for step in advice])
        _, problems = transaction.apply(_kept_folders(open_project(context.obj)))
        report(problems, "text")
    return max(code, exit_code(problems))


def _check_include_paths(opened: OpenedProject, changes: Sequence[Change]) -> list[Diagnostic]:
    """Check that `include_paths` of meltano.yml does not match the new files or a schedule."""
    project = opened.project
    meltano, _ = read_meltano_project(project.root, opened.meltano)
    ours = [project.schedules / "NAME.yml", *_yaml_files(project)]
    planned = [*ours, *(project.root / change.name for change in changes)]
    return list(check_included_files(meltano, opened.meltano, planned)) if meltano else []


def _yaml_files(project: Project) -> list[Path]:
    found = (Path(entry.path) for entry in walk(project.schedules, project.boundary))
    return [path for path in found if path.suffix.lower() in SUFFIXES]


def _installed_from() -> str:
    """Return the source of the installed Dagpress, as pip recorded it; empty for a local file or directory.

    See https://packaging.python.org/en/latest/specifications/direct-url/
    """
    own = distribution("dagpress")
    record = own.read_text("direct_url.json")
    if record is None:
        return f"dagpress=={own.version}"
    origin = json.loads(record)
    address, repository = origin["url"], origin.get("vcs_info")
    if address.startswith("file:"):
        return ""
    return (
        f"dagpress @ {repository['vcs']}+{address}@{repository['commit_id']}" if repository else f"dagpress @ {address}"
    )


def _kept_folders(project: Project) -> list[Change]:
    """Return the .gitkeep files of empty folders."""
    folders = (folder for folder in (project.schedules, project.generated_dags) if not exists(folder))
    names = ((folder / ".gitkeep").relative_to(project.root).as_posix() for folder in folders)
    return [Change(name, Action.CREATE, "", "") for name in names]
