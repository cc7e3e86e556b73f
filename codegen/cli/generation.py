"""The commands `generate`, `check`, `diff` and `validate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from codegen import pipeline
from codegen.cli.deployment import check_environment, complete_environments, count_schedules
from codegen.cli.lookup import complete_names, left_out
from codegen.cli.options import exit_code, format_option, open_project, strict_option, writing
from codegen.cli.printer import echo
from codegen.cli.reporting import count_actions, print_changes, print_diff, print_elsewhere, report
from codegen.diagnostics import Diagnostic, InvalidError, count, has_errors, in_numbers, quoted, with_hint
from codegen.migrate.makefile import command_to_generate
from codegen.project import Project
from codegen.review.drift import compare_with_disk
from codegen.review.environments import compare_environments
from codegen.review.in_git import check_in_git, git_add, git_rm, kept_sources, resolved_files
from codegen.sync.changes import Change, parts_of

_MIN_FILES_FOR_PROGRESS = 200
names_argument = click.argument("names", nargs=-1, shell_complete=complete_names)


@click.command(
    epilog="\b\nExamples:\n"
    "  dagpress generate                       generate all DAG files\n"
    "  dagpress generate carbon__duckdb        only one schedule and its dependents\n"
    "  dagpress generate schedules/sales       only the schedules in a folder"
)
@names_argument
@format_option("text", "json", "github")
@strict_option
@click.pass_obj
def generate(root: Path, names: Sequence[str], output: str, *, strict: bool) -> int:
    """Generate the DAG files from the schedules.

    NAMES select schedules and the schedules that depend on them. Each is the name of a schedule, or the path of a
    schedule file, a `_defaults.yml`, a DAG file or a folder. With NAMES, errors in other schedules do not block the
    write, and no other file is deleted.

    Unchanged files are not rewritten, files of removed schedules are deleted, and files without the Dagpress header
    are never touched. Errors block the write; warnings do not.
    """
    done: Sequence[Change] = ()
    resolved: Sequence[str] = ()
    with writing(root) as transaction:
        project = open_project(root, output)
        transaction.sweep(project.schedules, project.generated_dags)
        generation, changes, diagnostics = compared(project, names)
        if not has_errors(diagnostics):
            done, problems = transaction.apply(changes)
            diagnostics += problems
            resolved = () if problems else resolved_files(project, done)
    report(diagnostics, output, done)
    print_elsewhere(generation.selection.elsewhere)
    if output == "text":
        print_changes(done)
        files = count_actions(done)
        failure = f"{files}, then failed" if done else "No files written"
        _print_result(generation, diagnostics, failure, files or "all files are up to date")
        if resolved:
            for name in kept_sources(project, resolved):
                half = f"{quoted(name)} is deleted on one side of the merge, and kept here"
                echo(f"{half}. To delete it, run `{git_rm(project, name)}`, then `dagpress generate`.", err=True)
            echo(f"To mark the conflicts as resolved, run `{git_add(project, resolved)}`.", err=True)
    return exit_code(diagnostics, strict=strict)


@click.command(
    epilog="\b\nExamples:\n"
    "  dagpress check\n"
    "  dagpress check carbon__duckdb\n"
    "  dagpress check --format github --strict     in GitHub Actions; fail on warnings"
)
@names_argument
@format_option("text", "json", "github")
@strict_option
@click.pass_obj
def check(root: Path, names: Sequence[str], output: str, *, strict: bool) -> int:
    """Check that the generated files are up to date, and show the differences.

    NAMES select schedules, as for `generate`. Writes nothing. Reports files that are missing, changed or stale, or
    contain conflict markers. In a git repository, also reports files that are untracked, ignored or, in a commit hook,
    not staged.
    """
    project = open_project(root, output)
    generation, changes, diagnostics = compared(project, names)
    command = command_to_generate(project.root)
    drift = [diagnostic for change in changes for diagnostic in change.diagnostics(command)]
    unseen = check_in_git(project, generation)
    report([*diagnostics, *drift, *unseen], output, changes)
    print_elsewhere(generation.selection.elsewhere)
    if output == "text":
        print_diff(parts_of(changes))
        if changes:
            files = count(len(changes), "file") + (" is" if len(changes) == 1 else " are")
            echo(f"{files} not up to date. Run `{command}` and commit the result.", err=True)
        else:
            result = "all files are up to date" + (", but not all are in git" if unseen else "")
            _print_result(generation, diagnostics, "Not checked", result)
    return exit_code(diagnostics, drift=bool(changes or unseen), strict=strict)


@click.command(
    epilog="\b\nExamples:\n  dagpress diff\n  dagpress diff carbon__duckdb --between dev prod",
)
@names_argument
@click.option(
    "--between",
    nargs=2,
    metavar="ONE OTHER",
    shell_complete=complete_environments,
    help="Compare the DAG files of two environments.",
)
@click.pass_obj
def diff(root: Path, names: Sequence[str], between: tuple[str, str] | None) -> int:
    """Show what `generate` would change, as a diff.

    NAMES select schedules, as for `generate`. Writes nothing. Exits with 1 if there is a difference.
    """
    project = open_project(root)
    if between:
        return _diff_between(project, names, *between)
    generation, changes, diagnostics = compared(project, names)
    report(diagnostics, "text")
    print_elsewhere(generation.selection.elsewhere)
    print_diff(parts_of(changes))
    return exit_code(diagnostics, drift=bool(changes))


@click.command(epilog="\b\nExamples:\n  dagpress validate\n  dagpress validate schedules/sales/gitlab.yml --strict")
@names_argument
@format_option("text", "json", "github")
@strict_option
@click.pass_obj
def validate(root: Path, names: Sequence[str], output: str, *, strict: bool) -> int:
    """Validate the schedules without checking generated files.

    NAMES select schedules, as for `generate`.
    """
    project = open_project(root, output)
    with _usage_errors():
        selection = pipeline.select(project, pipeline.read(project), names)
    diagnostics = selection.reading.diagnostics
    report(diagnostics, output)
    print_elsewhere(selection.elsewhere)
    if output == "text":
        fine = f"{count_schedules(selection.named)}, no problems."
        echo(f"{in_numbers(diagnostics)}." if diagnostics else fine, err=True)
    return exit_code(diagnostics, strict=strict)


COMMANDS = (generate, check, diff, validate)


def compared(project: Project, names: Sequence[str]) -> tuple[pipeline.Generation, list[Change], list[Diagnostic]]:
    """Return the generated files, their changes (empty if there are errors) and all diagnostics."""
    with _usage_errors():
        generation = pipeline.generate(project, names=names, track=_with_progress)
    changes, diagnostics = compare_with_disk(project, generation)
    return generation, [] if has_errors(diagnostics) else changes, diagnostics


def _diff_between(project: Project, names: Sequence[str], one: str, other: str) -> int:
    """Print the difference between the DAG files of two environments, ignoring the line that names the environment."""
    for deployment in (one, other):
        check_environment(project, deployment)
    with _usage_errors():
        selection = pipeline.select(project, pipeline.read(project), names)
    found = selection.named
    comparison = compare_environments(project, selection.reading, found, one, other)
    errors = [d for d in comparison.diagnostics if d.is_error]
    report(errors if names else comparison.diagnostics, "text")
    print_elsewhere(selection.elsewhere)
    print_diff(comparison.parts)
    for source, deployment in comparison.missing:
        there = [schedule for schedule in found if schedule.source == source]
        echo(f"{left_out(there[0].name, deployment, there)}.", err=True)
    return exit_code(errors, drift=bool(comparison.parts or comparison.missing))


def _with_progress(files: Sequence[str]) -> Iterator[str]:
    """Show a progress bar on a terminal if there are many files."""
    if len(files) < _MIN_FILES_FOR_PROGRESS or not sys.stderr.isatty():
        yield from files
        return
    with click.progressbar(files, label="Rendering", file=sys.stderr) as bar:
        yield from bar


@contextmanager
def _usage_errors() -> Iterator[None]:
    """Turn an unknown name into a usage error."""
    try:
        yield
    except InvalidError as error:
        raise click.UsageError(with_hint(error.message, error.hint)) from error


def _print_result(generation: pipeline.Generation, diagnostics: list[Diagnostic], failure: str, result: str) -> None:
    numbers = in_numbers(diagnostics)
    if has_errors(diagnostics):
        echo(f"{failure}: {numbers}.", err=True)
        for name in generation.selection.blocking:
            reason = "is in the same DAG file as the selected schedules, and DAG files are written as a whole"
            echo(f"{quoted(name)} {reason}.", err=True)
    else:
        found = f"; {numbers}" if numbers else ""
        echo(f"{count_schedules(generation.selection.schedules)}: {result}{found}.", err=True)
