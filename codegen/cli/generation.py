"""The commands around the generated files: generate, check, diff and validate."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from codegen import pipeline
from codegen.cli.deployment import check_environment, complete_environments, count_schedules
from codegen.cli.lookup import complete_names, find_all, left_out
from codegen.cli.options import exit_code, format_option, open_project, strict_option, writing
from codegen.cli.printer import count_actions, echo, print_changes, print_diff, report
from codegen.diagnostics import Diagnostic, count, has_errors, in_numbers
from codegen.project import Project
from codegen.review.drift import compare_with_disk
from codegen.review.environments import compare_environments
from codegen.schema import Schedule
from codegen.sync.changes import Change

_WORTH_A_BAR = 200


@click.command()
@format_option("text", "json", "github")
@strict_option
@click.pass_obj
def generate(root: Path, output: str, *, strict: bool) -> int:
    """Write the DAG file of every schedule.

    Files that are current are left alone, files whose schedule is gone are deleted, and files that Dagpress did not
    write are never touched. With an error anywhere, nothing is written. Warnings are reported but do not block
    the write.
    """
    done: Sequence[Change] = ()
    with writing(root) as transaction:
        generation, changes, diagnostics = _compared(open_project(root, output))
        if not has_errors(diagnostics):
            done, problems = transaction.apply(changes)
            diagnostics += problems
    report(diagnostics, output, done)
    if output == "text":
        print_changes(done)
        files = count_actions(done)
        failure = f"{files}, and then it failed" if done else "No files written"
        _print_result(generation, diagnostics, failure, files or "all files are current")
    return exit_code(diagnostics, strict=strict)


@click.command()
@format_option("text", "json", "github")
@strict_option
@click.pass_obj
def check(root: Path, output: str, *, strict: bool) -> int:
    """Say whether the generated files are current, and show what differs.

    Writes nothing. Names each file that is missing, changed, stale, or has conflict markers of git.
    """
    project = open_project(root, output)
    generation, changes, diagnostics = _compared(project)
    drift = [change.diagnostic() for change in changes]
    report([*diagnostics, *drift], output, changes)
    if output == "text":
        print_diff(changes)
        if changes:
            files = count(len(changes), "file")
            echo(f"{files} not current. Run `dagpress generate` (or `make dags`) and commit.", err=True)
        else:
            _print_result(generation, diagnostics, "Not checked", "all files are current")
    return exit_code(diagnostics, drift=bool(changes), strict=strict)


@click.command(
    epilog="\b\nExamples:\n  dagpress diff\n  dagpress diff carbon__duckdb --between dev prod",
)
@click.argument("name", required=False, shell_complete=complete_names)
@click.option(
    "--between",
    nargs=2,
    metavar="ONE OTHER",
    shell_complete=complete_environments,
    help="Show how the DAG files of two deployment environments differ, of all schedules or of the one named.",
)
@click.pass_obj
def diff(root: Path, name: str | None, between: tuple[str, str] | None) -> int:
    """Show what `generate` would change, as a patch, and write nothing.

    Exits with 1 where there is a difference.
    """
    project = open_project(root)
    if between:
        return _diff_between(project, name, *between)
    if name:
        raise click.UsageError("NAME goes with --between: what `generate` would change is shown for all schedules.")
    _, changes, diagnostics = _compared(project)
    report(diagnostics, "text")
    print_diff(changes)
    return exit_code(diagnostics, drift=bool(changes))


@click.command()
@format_option("text", "json", "github")
@strict_option
@click.pass_obj
def validate(root: Path, output: str, *, strict: bool) -> int:
    """Validate the schedules without checking generated files."""
    reading = pipeline.read(open_project(root, output))
    report(reading.diagnostics, output)
    if output == "text":
        fine = f"{count_schedules(reading.schedules)}, no problem."
        echo(f"{in_numbers(reading.diagnostics)}." if reading.diagnostics else fine, err=True)
    return exit_code(reading.diagnostics, strict=strict)


COMMANDS = (generate, check, diff, validate)


def _compared(project: Project) -> tuple[pipeline.Generation, list[Change], list[Diagnostic]]:
    """The generated files, their changes, which are empty if there are errors, and all diagnostics."""
    generation = pipeline.generate(project, _with_progress)
    changes, diagnostics = compare_with_disk(project, generation)
    return generation, [] if has_errors(diagnostics) else changes, diagnostics


def _diff_between(project: Project, name: str | None, one: str, other: str) -> int:
    """Show the DAG files of two environments as a patch, without the sentence that names the environment."""
    for deployment in (one, other):
        check_environment(project, deployment)
    reading = pipeline.read(project)
    found = find_all(reading, name) if name else reading.schedules
    comparison = compare_environments(project, reading, found, one, other)
    errors = [d for d in comparison.diagnostics if d.is_error]
    report(errors if name else comparison.diagnostics, "text")
    print_diff(comparison.changes)
    for source, deployment in comparison.missing:
        there = [schedule for schedule in found if schedule.source == source]
        echo(f"{left_out(there[0].name, deployment, there)}.", err=True)
    return exit_code(errors, drift=bool(comparison.changes or comparison.missing))


def _with_progress(schedules: list[Schedule]) -> Iterator[Schedule]:
    """Show a progress bar on a terminal if there are many schedules."""
    if len(schedules) < _WORTH_A_BAR or not sys.stderr.isatty():
        yield from schedules
        return
    with click.progressbar(schedules, label="Rendering", file=sys.stderr) as bar:
        yield from bar


def _print_result(generation: pipeline.Generation, diagnostics: list[Diagnostic], failure: str, result: str) -> None:
    numbers = in_numbers(diagnostics)
    if has_errors(diagnostics):
        echo(f"{failure}: {numbers}.", err=True)
    else:
        found = f"; {numbers}" if numbers else ""
        echo(f"{count_schedules(generation.reading.schedules)}: {result}{found}.", err=True)
