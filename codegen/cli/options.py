"""Shared by the commands: common options, the project, its transaction, and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import click

from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo
from codegen.cli.reporting import report
from codegen.diagnostics import Diagnostic, has_errors
from codegen.process import ENDING, handling
from codegen.project import Project, nearest_project, project_to_begin, read_project
from codegen.sync.lock import LockedError
from codegen.sync.transaction import Transaction, transaction


def format_option(*formats: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """The option `--format`, of which the first is the default."""
    return click.option(
        "--format", "output", type=click.Choice(formats), default=formats[0], show_default=True, help="How to report."
    )


def completing(
    names: Callable[[Project], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Complete the names of a project, except those with control characters and those that look like an option."""

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        with suppress(OSError):
            project, _ = read_project(context.find_root().params.get("project") or nearest_project(Path.cwd()))
            found = (name for name in (names(project) if project else ()) if name.startswith(incomplete))
            return [name for name in found if name.isprintable() and not name.startswith("-")]
        return []

    return complete


strict_option = click.option("--strict", is_flag=True, help="Exit with 1 on warnings, too.")


def open_project(root: Path, output: str = "text", planned: str = "") -> Project:
    """The project in that folder; `planned` is the text of a dagpress.toml that is not written yet.

    Raises:
        click.exceptions.Exit: its configuration has errors, which were printed.
    """
    project, diagnostics = read_project(root, planned)
    if project is None:
        report(diagnostics, output)
        raise click.exceptions.Exit(ExitCode.BAD_INPUT)
    return project


def folder_to_begin(path: Path | None) -> Path:
    """The folder of a command that creates a missing configuration; `path` is its argument, a Meltano project."""
    context = click.get_current_context()
    if path or context.find_root().params["project"]:
        return Path(context.obj)
    return project_to_begin(Path.cwd())


@contextmanager
def writing(root: Path) -> Iterator[Transaction]:
    """The transaction of a command and of the commands that it invokes.

    Raises:
        click.ClickException: another process holds the lock for longer than `--lock-timeout`.
    """
    context = click.get_current_context()
    if __name__ in context.meta:
        yield context.meta[__name__]
        return
    seconds = context.find_root().params["lock_timeout"]
    try:
        # A termination leaves no temporary file either.
        with handling(ENDING, _leave), transaction(root, seconds, partial(echo, err=True)) as own:
            context.meta[__name__] = own
            try:
                yield own
            finally:
                del context.meta[__name__]
    except LockedError as error:
        hint = "run this again when it has finished; `--lock-timeout SECONDS` waits longer"
        raise click.ClickException(f"No files written: {error} ({hint})") from error


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def exit_code(diagnostics: Iterable[Diagnostic], *, drift: bool = False, strict: bool = False) -> ExitCode:
    """2 for an error, 1 for drift and under `--strict` for a warning, else 0."""
    diagnostics = list(diagnostics)
    if has_errors(diagnostics):
        return ExitCode.BAD_INPUT
    return ExitCode.DRIFT if drift or (strict and diagnostics) else ExitCode.FINE
