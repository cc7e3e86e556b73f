"""The only module that prints, to terminals and to CI hosts."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from codegen.cli.formats import as_data, as_github, as_text, change_as_data, first_of, folder_in_repository, grouped
from codegen.diagnostics import Diagnostic, count, in_numbers, printable, printable_lines
from codegen.sync.changes import Change
from codegen.sync.parts import Part

# Prefix of the escape sequences from `styled` until they are printed, so that no file or program can forge them.
_MARK = f"\x1b{os.urandom(8).hex()}"
# CI hosts read commands from the output of a job: GitHub lines that start with `::` after blanks, and `##[` anywhere in
# a line (actions/runner, src/Runner.Common/ActionCommand.cs), Azure `##vso[`, TeamCity `##teamcity[`.
_STYLES = r"(?:\x1b\[[\d;]*m)*"
_COMMAND = re.compile(
    rf"(?P<before>^(?:\x1b\[[\d;]*m|[ \t])*):(?={_STYLES}:)|#(?={_STYLES}#{_STYLES}\w*{_STYLES}\[)", re.MULTILINE
)
_ACTIONS = {"create": ("created", "green"), "update": ("updated", "yellow"), "delete": ("deleted", "red")}
_PATCH_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


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


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, is_dim: Callable[[Sequence[str]], bool] = lambda _: False
) -> None:
    """Print rows in columns below their names."""
    lines = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        echo(styled(text, bold=number == 0 or None, dim=is_dim(line) or None))


def report(diagnostics: Sequence[Diagnostic], output: str, changes: Iterable[Change] = ()) -> None:
    """Print grouped diagnostics: `text` on stderr; `github`, and `json` with the changes, on stdout."""
    groups = grouped(diagnostics)
    if output == "json":
        files = [change_as_data(*group) for group in grouped(changes)]
        echo_json({"diagnostics": [as_data(*group) for group in groups], "files": files})
    elif output == "github":
        folder = folder_in_repository(click.get_current_context().find_root().obj)
        for group in groups:
            click.echo(as_github(folder, *group))
    else:
        for group in groups:
            place = str(group[0].location)
            echo(styled(place, bold=True) + as_text(*group).removeprefix(place), err=True)


def print_elsewhere(errors: Sequence[Diagnostic]) -> None:
    """Count the errors of schedules that a command was not asked about."""
    if errors:
        echo(f"{in_numbers(errors)} in other schedules: run `dagpress validate`.", err=True)


def print_changes(done: Iterable[Change]) -> None:
    """Print a line for each file."""
    for change in done:
        word, colour = _ACTIONS[change.action.value]
        echo(f"{styled(word, fg=colour)} {printable(change.name)}")


def count_actions(done: Iterable[Change]) -> str:
    """How many files were created, updated and deleted, such as `1 file created, 2 files deleted`."""
    actions = [change.action.value for change in done]
    return ", ".join(
        f"{count(actions.count(action), 'file')} {word}" for action, (word, _) in _ACTIONS.items() if action in actions
    )


def print_diff(parts: Iterable[Part], context: int = 3) -> None:
    """Print changes as a patch without secrets and with that many lines of context; equal ones once."""
    # It imports the YAML parser, which `--help` does not need.
    from codegen.secrets.patches import masked_patch  # noqa: PLC0415

    shown = ""
    for first, *others in grouped(parts):
        lines = _lines_of(first.diff(context, masked_patch))
        # The parts of a file share the two lines that name it.
        for line in lines[2:] if shown == first.file else lines:
            colour = _PATCH_COLOURS.get(line[:1])
            echo(styled(line, fg=colour, bold=line.startswith(("+++", "---")) or None) if colour else line)
        shown = first.file
        if others:
            what = "DAG" if first.is_dag else "file"
            echo(f"and in {count(len(others), f'other {what}')}: {first_of([each.name for each in others])}")


def _lines_of(patch: str) -> list[str]:
    """The lines of a patch, without carriage returns if all lines of the files end with one (Windows)."""
    lines = patch.split("\n")[:-1]
    is_of_windows = all(line.endswith("\r") for line in lines[2:] if not line.startswith(("@@", "\\")))
    return [line.removesuffix("\r") for line in lines] if is_of_windows else lines


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
