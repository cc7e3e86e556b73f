"""The parts that commands share: common options, the project, its transaction and the exit code."""

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
from codegen.project import Project, nearest_project, project_to_set_up, read_project
from codegen.sync.lock import LockedError
from codegen.sync.transaction import Transaction, transaction


def format_option(*formats: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return the option `--format`; the first format is the default."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="The output format.",
    )


def completing(
    names: Callable[[Project], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a completion for names of a project, without control characters and names that look like options."""

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        with suppress(OSError):
            project, _ = read_project(context.find_root().params.get("project") or nearest_project(Path.cwd()))
            found = (name for name in (names(project) if project else ()) if name.startswith(incomplete))
            return [name for name in found if name.isprintable() and not name.startswith("-")]
        return []

    return complete


strict_option = click.option("--strict", is_flag=True, help="Exit with 1 if there are warnings.")


def open_project(root: Path, output: str = "text", planned: str = "") -> Project:
    """Return the project in a folder; `planned` is the text of a dagpress.toml that is not written yet.

    Raises:
        click.exceptions.Exit: its configuration has errors, which were printed.
    """
    project, diagnostics = read_project(root, planned)
    if project is None:
        report(diagnostics, output)
        raise click.exceptions.Exit(ExitCode.BAD_INPUT)
    return project


def folder_to_set_up(path: Path | None) -> Path:
    """Return the folder for a missing configuration; `path` is the argument of the command, a Meltano project."""
    context = click.get_current_context()
    if path or context.find_root().params["project"]:
        return Path(context.obj)
    return project_to_set_up(Path.cwd())


@contextmanager
def writing(root: Path) -> Iterator[Transaction]:
    """Open the transaction of a command and of the commands that it invokes.

    Raises:
        click.ClickException: another process keeps the lock for longer than `--lock-timeout`.
    """
    context = click.get_current_context()
    if __name__ in context.meta:
        yield context.meta[__name__]
        return
    seconds = context.find_root().params["lock_timeout"]
    try:
        # Temporary files are removed on SIGTERM, too.
        with handling(ENDING, _leave), transaction(root, seconds, partial(echo, err=True)) as own:
            context.meta[__name__] = own
            try:
                yield own
            finally:
                del context.meta[__name__]
    except LockedError as error:
        hint = "run this again when it has finished, or wait longer with `--lock-timeout SECONDS`"
        raise click.ClickException(f"No files written: {error} ({hint})") from error


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def exit_code(diagnostics: Iterable[Diagnostic], *, drift: bool = False, strict: bool = False) -> ExitCode:
    """Return 2 for an error, 1 for drift or, with `--strict`, a warning, else 0."""
    diagnostics = list(diagnostics)
    if has_errors(diagnostics):
        return ExitCode.BAD_INPUT
    return ExitCode.DRIFT if drift or (strict and diagnostics) else ExitCode.FINE
