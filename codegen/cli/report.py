"""What the commands share: reading the project, printing diagnostics and drift, and the exit code they add up to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from codegen import sync
from codegen.cli.exit_code import ExitCode
from codegen.diagnostics import Diagnostic, Location, as_data, as_github, as_text, has_errors
from codegen.project import Project, read_project
from codegen.sync import Action, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from codegen.sync import Change

DONE = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted"}


def format_option(*formats: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """The option `--format`, of which the first is the default."""
    return click.option(
        "--format", "output", type=click.Choice(formats), default=formats[0], show_default=True, help="How to report."
    )


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


def exit_code(diagnostics: Iterable[Diagnostic], *, drift: bool = False) -> ExitCode:
    """2 where anything is an error, 1 where anything was found, else 0."""
    diagnostics = list(diagnostics)
    if has_errors(diagnostics):
        return ExitCode.BAD_INPUT
    return ExitCode.FINDINGS if diagnostics or drift else ExitCode.FINE


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def apply(changes: Sequence[Change], project: Project) -> tuple[Sequence[Change], list[Diagnostic]]:
    """Make the changes; gives those that were made, and what hindered the others."""
    try:
        sync.apply(changes, project.root)
    except WriteError as error:
        hint = "mend that and run it again: a file is replaced whole or not at all"
        problem = Diagnostic("not-written", f"cannot be written: {error}", Location(error.name), hint)
        return error.done, [problem]
    return changes, []


def print_changes(done: Sequence[Change]) -> None:
    """Say what was done to each file."""
    colours = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red"}
    for change in done:
        note = " (it was edited by hand)" if change.edited else ""
        click.echo(f"{click.style(DONE[change.action], fg=colours[change.action])} {change.name}{note}")


def print_diff(changes: Iterable[Change]) -> None:
    """Print the changes as a patch."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for change in changes:
        for line in change.diff().split("\n")[:-1]:
            is_name = line.startswith(("+++", "---"))
            colour = colours.get(line[:1])
            click.echo(click.style(line, fg=colour, bold=is_name or None) if colour else line)
