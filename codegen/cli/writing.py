"""The transaction of the commands."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from codegen.cli.printer import echo
from codegen.sync.lock import LockedError
from codegen.sync.transaction import Transaction, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
        with transaction(root, seconds, partial(echo, err=True)) as own:
            context.meta[__name__] = own
            try:
                yield own
            finally:
                del context.meta[__name__]
    except LockedError as error:
        hint = "run this again when it has finished; `--lock-timeout SECONDS` waits longer"
        raise click.ClickException(f"No files written: {error} ({hint})") from error
