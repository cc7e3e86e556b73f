"""The command `verify`, which loads the generated DAG files in a real Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import click

from codegen import pipeline
from codegen.airflow.project_airflow import ProjectAirflow, airflow_of
from codegen.cli.against_meltano import compare_with_meltano
from codegen.cli.exit_code import ExitCode
from codegen.cli.generation import compared, names_argument
from codegen.cli.opening import open_or_configure
from codegen.cli.options import exit_code, folder_to_set_up, format_option, open_project, strict_option
from codegen.cli.printer import Progress, echo
from codegen.cli.reporting import print_elsewhere, report
from codegen.diagnostics import Diagnostic, count, has_errors, in_numbers
from codegen.migrate.importing import plan_import
from codegen.migrate.makefile import command_to_generate
from codegen.review.in_airflow import check_in_airflow

_EPILOG = """\b
Examples:
  dagpress verify                             in the Airflow that `dagpress add orchestrator airflow` installed
  dagpress verify --airflow venv/bin/airflow  in another Airflow installation
  dagpress verify carbon__duckdb              only the DAG file of this schedule
  dagpress verify --against meltano           compare the DAGs with the ones that Meltano's generator makes
"""
_file = click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path)


@click.command(epilog=_EPILOG)
@names_argument
@click.option("--airflow", type=_file, help="The path of `airflow`.  [default: the project's, else from the PATH]")
@click.option(
    "--against",
    type=click.Choice(["meltano"]),
    help="Compare the DAGs with the ones that Meltano's generator makes, before or after an import.",
)
@click.option(
    "--generator",
    type=_file,
    help="The generator for --against.  [default: orchestrate/dags/meltano.py]",
)
@format_option("text", "json", "github")
@strict_option
@click.pass_context
def verify(  # noqa: PLR0913  # one parameter per option
    context: click.Context,
    names: Sequence[str],
    *,
    airflow: Path | None,
    against: str | None,
    generator: Path | None,
    output: str,
    strict: bool,
) -> int:
    """Load the DAG files in the project's Airflow and report errors.

    NAMES select schedules, as for `generate`. Reports import errors, unknown and missing arguments, missing providers,
    DAGs that cannot be serialized, deprecations, and assets without a producer, at the line in the YAML. Files that are
    not up to date are reported and not loaded. Runs the code of the DAG files, but no task.
    """
    if against:
        if names or strict or output == "github":
            raise click.UsageError("`--against` cannot be combined with NAMES, `--strict` or `--format github`")
        return _compare(generator, airflow, output)
    if generator:
        raise click.UsageError("`--generator` requires `--against`")
    project = open_project(context.obj, output)
    found = airflow_of(project, airflow)
    compare = cache(partial(compared, project, names))

    def prepare() -> tuple[pipeline.Generation, list[str]]:
        generation, changes, diagnostics = compare()
        wrong = {change.name for change in changes}
        return generation, [] if has_errors(diagnostics) else [name for name in generation.files if name not in wrong]

    with _progress() as on_progress:
        in_airflow = check_in_airflow(project, found, prepare, on_progress)
    generation, changes, diagnostics = compare()
    diagnostics = [*diagnostics, *in_airflow]
    command = command_to_generate(project.root)
    drift = [diagnostic for change in changes for diagnostic in change.diagnostics(command)]
    report([*diagnostics, *drift], output)
    print_elsewhere(generation.selection.elsewhere)
    if output == "text":
        number = sum(name.endswith(".py") for name in generation.files)
        _print_result(number, [*diagnostics, *drift], found)
    return exit_code(diagnostics, drift=bool(changes), strict=strict)


COMMANDS = (verify,)


def _compare(generator: Path | None, airflow: Path | None, output: str) -> ExitCode:
    """Compare with Meltano's generator, including schedules that are not imported yet."""
    opened = open_or_configure(folder_to_set_up(None), None, output)
    project = replace(opened.project, meltano_project=opened.meltano)
    plan = plan_import(project, force=False)
    report(plan.diagnostics, "text")
    return compare_with_meltano(project, plan.reading or pipeline.read(project), generator, airflow, output)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show the number of loaded files, on a terminal."""
    progress = Progress()
    progress.show("Starting Airflow ...\n")
    try:
        yield lambda done: progress.show(f"{count(done, 'DAG file')} loaded ...\n")
    finally:
        progress.end()


def _print_result(number: int, found: Sequence[Diagnostic], airflow: ProjectAirflow) -> None:
    files = f"{count(number, 'DAG file')} in Airflow {airflow.release}"
    if has_errors(found):
        echo(f"Not verified: {in_numbers(found)}.", err=True)
    else:
        echo(f"{files}: no error{f', {in_numbers(found)}' if found else ''}.", err=True)
