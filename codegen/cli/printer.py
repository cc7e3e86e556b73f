"""The only module that prints, to terminals and to CI hosts."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from codegen.diagnostics import printable, printable_lines

# Prefix of the escape sequences from `styled` until they are printed, so that no file or program can forge them.
_MARK = f"\x1b{os.urandom(8).hex()}"
# CI hosts read commands from the output of a job: GitHub lines that start with `::` after blanks, and `##[` anywhere in
# a line (actions/runner, src/Runner.Common/ActionCommand.cs), Azure `##vso[`, TeamCity `##teamcity[`.
_STYLES = r"(?:\x1b\[[\d;]*m)*"
_COMMAND = re.compile(
    rf"(?P<before>^(?:\x1b\[[\d;]*m|[ \t])*):(?={_STYLES}:)|#(?={_STYLES}#{_STYLES}\w*{_STYLES}\[)", re.MULTILINE
)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text for people: messages on stderr, results on stdout.

    Colours are for terminals only. Control and bidirectional characters and the commands of CI hosts are escaped.
    """
    text = "\x1b".join(map(printable_lines, text.split(_MARK)))
    click.echo(_COMMAND.sub(_escape_command, text), err=err, nl=nl)


def styled(text: str, **style: Any) -> str:  # noqa: ANN401  # those of `click.style`
    """Style a text; only terminals show it."""
    return click.style(printable_lines(text), **style).replace("\x1b", _MARK)


def echo_data(text: str) -> None:
    """Print text for programs, such as a DAG file: unchanged to a file or a pipe, escaped on a terminal."""
    (echo if sys.stdout.isatty() else click.echo)(text, nl=False)


def echo_json(data: object) -> None:
    """Print JSON in ASCII, with the commands of CI hosts escaped."""
    click.echo(json.dumps(data, indent=2).replace("##", "#\\u0023"))


def echo_command(text: str) -> None:
    """Print a command of a CI host, whose values are escaped."""
    click.echo(text)


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, is_dim: Callable[[Sequence[str]], bool] = lambda _: False
) -> None:
    """Print rows in columns below their names."""
    lines = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        echo(styled(text, bold=number == 0 or None, dim=is_dim(line) or None))


def _escape_command(match: re.Match[str]) -> str:
    return "\\x23" if match["before"] is None else f"{match['before']}\\x3a"


class Progress:
    """Shows the steps of an installation, and on a terminal the last line of the installer."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show a step, which is a sentence, or a line of the installer, which ends with a line feed."""
        self.end()
        if not text.endswith("\n"):
            echo(text, err=True)
        elif self._is_terminal:
            echo(styled(text.strip()[:100], dim=True), nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._is_terminal:
            click.echo("\r\033[K", nl=False, err=True)
