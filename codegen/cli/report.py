"""What the commands share: reading the project, printing diagnostics and drift, and the exit code they add up to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from codegen.cli.exit_code import ExitCode
from codegen.diagnostics import as_data, as_github, as_text, has_errors
from codegen.project import Project, read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from codegen.diagnostics import Diagnostic
    from codegen.sync.changes import Change


def format_option(*formats: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """The option `--format`, of which the first is the default."""
    return click.option(
        "--format", "output", type=click.Choice(formats), default=formats[0], show_default=True, help="How to report."
    )


strict_option = click.option("--strict", is_flag=True, help="Exit with 1 on warnings, too.")


def open_project(root: Path, output: str = "text") -> Project:
    """The project in that folder.

    Raises:
        click.exceptions.Exit: its configuration has errors, which were printed.
    """
    project, diagnostics = read_project(root)
    if project is None:
        report(diagnostics, output)
        raise click.exceptions.Exit(ExitCode.BAD_INPUT)
    return project


def report(diagnostics: list[Diagnostic], output: str, changes: Iterable[Change] = ()) -> None:
    """Print diagnostics: for people on stderr, for programs on stdout."""
    if output == "json":
        files = [{"file": c.name, "action": c.action.value, "edited": c.edited} for c in changes]
        click.echo(json.dumps({"diagnostics": as_data(diagnostics), "files": files}, indent=2))
    elif output == "github":
        click.echo(as_github(diagnostics), nl=False)
    else:
        for diagnostic in diagnostics:
            place = str(diagnostic.location)
            rest = as_text([diagnostic]).removeprefix(place)
            click.echo(click.style(place, bold=True) + rest, nl=False, err=True)


def exit_code(diagnostics: Iterable[Diagnostic], *, drift: bool = False, strict: bool = False) -> ExitCode:
    """2 for an error, 1 for drift and under `--strict` for a warning, else 0."""
    diagnostics = list(diagnostics)
    if has_errors(diagnostics):
        return ExitCode.BAD_INPUT
    return ExitCode.DRIFT if drift or (strict and diagnostics) else ExitCode.FINE


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
