"""The transaction of the commands, and how they print changes."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from codegen.sync.changes import Action, Change
from codegen.sync.lock import LockedError
from codegen.sync.transaction import Transaction, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

DONE = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted"}


@contextmanager
def writing(root: Path) -> Iterator[Transaction]:
    """The transaction of a command, and of a command that it invokes; it says on stderr which process it waits for.

    Raises:
        click.ClickException: another process holds the lock for longer than `--lock-timeout`.
    """
    context = click.get_current_context()
    if __name__ in context.meta:
        yield context.meta[__name__]
        return
    seconds = context.find_root().params["lock_timeout"]
    try:
        with transaction(root, seconds, partial(click.echo, err=True)) as own:
            context.meta[__name__] = own
            try:
                yield own
            finally:
                del context.meta[__name__]
    except LockedError as error:
        hint = "run this again when it has finished; `--lock-timeout SECONDS` waits longer"
        raise click.ClickException(f"No files written: {error} ({hint})") from error


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
