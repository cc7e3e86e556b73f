"""Prints to terminals and CI hosts; no other module prints."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from codegen.diagnostics import printable, printable_lines

# Marks the escape sequences of `styled` until they are printed, so that printed text cannot forge them.
_MARK = f"\x1b{os.urandom(8).hex()}"
# CI hosts read commands from the output of a job: GitHub from lines that start with `::`, and from `##[` anywhere in
# a line (actions/runner, src/Runner.Common/ActionCommand.cs), Azure `##vso[`, TeamCity `##teamcity[`.
_STYLES = r"(?:\x1b\[[\d;]*m)*"
_COMMAND = re.compile(
    rf"(?P<before>^(?:\x1b\[[\d;]*m|[ \t])*):(?={_STYLES}:)|#(?={_STYLES}#{_STYLES}\w*{_STYLES}\[)", re.MULTILINE
)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text for people: results on stdout, messages on stderr.

    Colours are for terminals only. Control and bidirectional characters and the commands of CI hosts are escaped.
    """
    text = "\x1b".join(map(printable_lines, text.split(_MARK)))
    click.echo(_COMMAND.sub(_escape_command, text), err=err, nl=nl)


def styled(text: str, **style: Any) -> str:  # noqa: ANN401  # the options of `click.style`
    """Style a text; only terminals show it."""
    return click.style(printable_lines(text), **style).replace("\x1b", _MARK)


def echo_data(text: str) -> None:
    """Print text for programs, such as a DAG file: escaped on a terminal, else unchanged."""
    (echo if sys.stdout.isatty() else click.echo)(text, nl=False)


def echo_json(data: object) -> None:
    """Print JSON in ASCII, with the commands of CI hosts escaped."""
    click.echo(json.dumps(data, indent=2).replace("##", "#\\u0023"))


def echo_command(text: str) -> None:
    """Print a command for a CI host; its values must be escaped."""
    click.echo(text)


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, is_dim: Callable[[Sequence[str]], bool] = lambda _: False
) -> None:
    """Print rows as a table with a header."""
    lines = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        echo(styled(text, bold=number == 0 or None, dim=is_dim(line) or None))


def _escape_command(match: re.Match[str]) -> str:
    return "\\x23" if match["before"] is None else f"{match['before']}\\x3a"


class Progress:
    """Shows the steps of an installation and, on a terminal, the last output line of the installer."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show a step, or an output line of the installer, which ends with a line feed."""
        self.end()
        if not text.endswith("\n"):
            echo(text, err=True)
        elif self._is_terminal:
            echo(styled(text.strip()[:100], dim=True), nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._is_terminal:
            click.echo("\r\033[K", nl=False, err=True)
