"""The commands `import` and `export`, which convert between meltano.yml and schedule files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import click

from codegen import pipeline, rules
from codegen.cli.exit_code import ExitCode
from codegen.cli.lookup import meltano_folder
from codegen.cli.next_steps import Work, print_steps, steps_after_import, steps_to_first_schedule
from codegen.cli.opening import OpenedProject, open_or_configure, print_airflow
from codegen.cli.options import exit_code, folder_to_set_up, format_option, open_project, strict_option, writing
from codegen.cli.printer import echo
from codegen.cli.reporting import print_changes, print_diff, report
from codegen.diagnostics import Diagnostic, Location, count, has_errors, in_numbers, in_order, printable
from codegen.files import is_file
from codegen.migrate.exporting import plan_export
from codegen.migrate.importing import Import, plan_import
from codegen.migrate.makefile import command_to_generate
from codegen.migrate.moving import plan_move
from codegen.project import Project
from codegen.review.drift import compare_with_disk
from codegen.schema.export import SCHEMA_NAME
from codegen.sync.changes import Change, parts_of
from codegen.sync.transaction import Transaction
from codegen.validate.lint import apply_levels

_dry_run = click.option("--dry-run", is_flag=True, help="Show the changes as a patch without writing them.")

_IMPORT_EPILOG = """\b
Examples:
  dagpress import --dry-run           show the changes
  dagpress import                     write schedules/ and generated_dags/
  dagpress import ../meltano          from a Meltano project in another directory
  dagpress import --move              and remove the schedules from meltano.yml
"""


@dataclass(frozen=True)
class Choices:
    """The options of an import."""

    dry_run: bool = False
    force: bool = False
    move: bool = False
    no_generate: bool = False
    output: str = "text"
    strict: bool = False


@click.command("import", epilog=_IMPORT_EPILOG)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@_dry_run
@click.option("--force", is_flag=True, help="Overwrite schedule files that differ.")
@click.option("--move", is_flag=True, help="Remove the imported schedules from meltano.yml, keeping comments.")
@click.option("--no-generate", is_flag=True, help="Do not generate DAG files.")
@format_option("text", "json", "github")
@strict_option
def import_(  # noqa: PLR0913  # one parameter per option
    path: Path | None,
    *,
    dry_run: bool,
    force: bool,
    move: bool,
    no_generate: bool,
    output: str,
    strict: bool,
) -> int:
    """Write a schedule file for each schedule in meltano.yml.

    PATH is the Meltano project directory or its meltano.yml, by default `meltano_project` in the configuration.
    Comments are imported, secrets are not. Items that cannot be imported are reported with their location. Existing
    files are not overwritten without --force.
    """
    choices = Choices(dry_run, force, move, no_generate, output, strict)
    return import_schedules(folder_to_set_up(path), path, choices)


def import_schedules(root: Path, path: Path | None, choices: Choices, advice: Sequence[str] = ()) -> ExitCode:
    """Import the schedules of a Meltano project, and print the next steps, starting with `advice`."""
    with nullcontext() if choices.dry_run else writing(root) as transaction:
        opened = open_or_configure(root, path, choices.output)
        work = Work([*opened.changes], _check_meltano_project(opened))
        is_configured = not work.diagnostics
        work.diagnostics += opened.diagnostics
        project = replace(opened.project, meltano_project=opened.meltano)
        plan = plan_import(project, force=choices.force)
        work.diagnostics += plan.diagnostics
        if not has_errors(work.diagnostics):
            work.changes += plan.changes
            if plan.imported and is_configured and not choices.no_generate:
                _generate(project, plan, work)
            if choices.move and is_configured:
                # Last, so that no schedule is lost if the command is killed.
                moves, problems, work.moved = plan_move(plan, project.root)
                work.changes += moves
                work.diagnostics += problems
        done = _apply(transaction, work, project)
    _report(work, done, choices.output, dry_run=choices.dry_run)
    if choices.output == "text" and not has_errors(work.diagnostics):
        print_airflow(opened)
        _print_result(plan, work, done)
        print_steps([*advice, *_steps(plan, work, project, choices)])
    return exit_code(work.diagnostics, strict=choices.strict)


@click.command("export", epilog="\b\nExamples:\n  dagpress export --dry-run\n  dagpress export")
@_dry_run
@format_option("text", "json", "github")
@strict_option
@click.pass_obj
def export(root: Path, *, dry_run: bool, output: str, strict: bool) -> int:
    """Write the schedules back to meltano.yml.

    Existing schedules are updated in place, new ones are added, and comments stay. Settings that Meltano does not
    support are reported with their location.
    """
    with nullcontext() if dry_run else writing(root) as transaction:
        project = open_project(root, output)
        meltano_folder(project.meltano_project)
        plan = plan_export(project)
        work = Work(plan.changes, plan.diagnostics)
        done = _apply(transaction, work, project)
    _report(work, done, output, dry_run=dry_run)
    if output == "text" and not has_errors(work.diagnostics):
        found = f"; {in_numbers(work.diagnostics)}" if work.diagnostics else ""
        verb = "to export" if dry_run and work.changes else "in meltano.yml"
        echo(f"{count(plan.exported, 'schedule')} {verb}{found}.", err=True)
    return exit_code(work.diagnostics, strict=strict)


COMMANDS = (import_, export)


def _check_meltano_project(opened: OpenedProject) -> list[Diagnostic]:
    """Warn about a configuration with another Meltano project than the command."""
    project, folder = opened.project, opened.meltano
    if folder == project.meltano_project:
        return []
    value = os.path.relpath(folder, project.root).replace(os.sep, "/")
    message = (
        "the configuration has another Meltano project, so no DAG file is generated, and meltano.yml is not changed"
    )
    place = Location("dagpress.toml" if is_file(project.root / "dagpress.toml") else "pyproject.toml")
    hint = (
        f"set meltano_project = {json.dumps(value, ensure_ascii=False)}, and run `{command_to_generate(project.root)}`"
    )
    return [Diagnostic(rules.OTHER_MELTANO_PROJECT, message, place, hint)]


def _generate(project: Project, plan: Import, work: Work) -> None:
    """Add the DAG files to the work; diagnostics of imported schedules are already reported, at their source."""
    generation = pipeline.generate(project, plan.reading)
    changes, diagnostics = compare_with_disk(project, generation)
    imported = {each.file for each in plan.imported}
    work.changes += changes
    work.is_generated = True
    # The next steps cover it: an imported schedule is also in meltano.yml.
    diagnostics = [d for d in diagnostics if d.code != rules.TWO_SOURCES.code]
    work.diagnostics += [d for d in diagnostics if d.location.path not in imported and d not in work.diagnostics]


def _apply(transaction: Transaction | None, work: Work, project: Project) -> Sequence[Change]:
    """Write and return the changes, unless there is an error or, with `--dry-run`, no transaction."""
    work.diagnostics = in_order(apply_levels(work.diagnostics, project.lint))
    if transaction is None or has_errors(work.diagnostics):
        return ()
    done, problems = transaction.apply(work.changes)
    work.diagnostics += problems
    return done


def _report(work: Work, done: Sequence[Change], output: str, *, dry_run: bool) -> None:
    report(work.diagnostics, output, work.changes if dry_run else done)
    if output == "text":
        if dry_run and not has_errors(work.diagnostics):
            # The lines around a schedule in meltano.yml may contain a secret.
            print_diff(parts_of(change for change in work.changes if not _is_schema(change)), context=0)
            for change in filter(_is_schema, work.changes):
                echo(f"Also writes the JSON Schema {printable(change.name)}.", err=True)
        print_changes(done)
        if has_errors(work.diagnostics):
            errors = sum(d.is_error for d in work.diagnostics)
            result = "Not all files written" if done else "No files written"
            echo(f"{result}: {count(errors, 'error')}.", err=True)


def _is_schema(change: Change) -> bool:
    """Return whether a change writes the JSON Schema: thousands of lines that need no review."""
    return PurePosixPath(change.name).name == SCHEMA_NAME


def _print_result(plan: Import, work: Work, done: Sequence[Change]) -> None:
    if not plan.found:
        echo("meltano.yml has no schedules.", err=True)
        return
    new, total = len(plan.changes), len(plan.imported)
    verb = "imported" if done or not work.changes else "to import"
    numbers = [(new, verb), (total - new, "already imported"), (plan.found - total, "not imported")]
    (first, what), *others = ((number, what) for number, what in numbers if number)
    words = [f"{count(first, 'schedule')} {what}", *(f"{number} {what}" for number, what in others)]
    found = f"; {in_numbers(work.diagnostics)}" if work.diagnostics else ""
    echo(f"{', '.join(words)}{found}.", err=True)


def _steps(plan: Import, work: Work, project: Project, choices: Choices) -> Iterator[str]:
    if choices.dry_run and work.changes:
        yield "Run the same command without `--dry-run` to write the files."
    elif plan.found:
        yield from steps_after_import(plan, work, project)
    else:
        yield from steps_to_first_schedule(project)
