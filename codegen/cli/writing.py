"""Writes changes for the commands, and tells what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.sync.files import Action, Change, WriteError, apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codegen.project import Project

DONE = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted"}


def write(changes: Sequence[Change], project: Project) -> tuple[Sequence[Change], list[Diagnostic]]:
    """Make the changes; gives those that were made, and what hindered the others."""
    try:
        apply(changes, project.root)
    except WriteError as error:
        hint = "fix that and run it again: a file is replaced as a whole or not at all"
        problem = Diagnostic(rules.NOT_WRITTEN, f"cannot be written: {error}", Location(error.name), hint)
        return error.done, [problem]
    return changes, []


def print_changes(done: Sequence[Change]) -> None:
    """A line for each file."""
    colours = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red"}
    for change in done:
        note = " (it was edited by hand)" if change.edited else ""
        click.echo(f"{click.style(DONE[change.action], fg=colours[change.action])} {change.name}{note}")


def print_diff(changes: Iterable[Change], context: int = 3) -> None:
    """Print the changes as a patch, with so many lines around each part."""
    for change in changes:
        print_patch(change.diff(context))


def print_patch(patch: str) -> None:
    """Print a patch in its colours."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in patch.split("\n")[:-1]:
        is_name = line.startswith(("+++", "---"))
        colour = colours.get(line[:1])
        click.echo(click.style(line, fg=colour, bold=is_name or None) if colour else line)
