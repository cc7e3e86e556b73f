"""The only module that prints, to terminals and to CI hosts."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence

import click

from codegen.cli.formats import as_data, as_github, as_text, change_as_data, first_of, folder_in_repository, grouped
from codegen.diagnostics import Diagnostic, count, in_numbers, printable
from codegen.sync.changes import Change

# Those of `click.style` that the commands use; no other escape sequence reaches a terminal.
_STYLE = re.compile(r"(\x1b\[(?:[0-2]|3[0-7]|[34]8;5;\d+)m)")
# CI hosts run commands at the start of a line, also after a lone carriage return.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
_ACTIONS = {"create": ("created", "green"), "update": ("updated", "yellow"), "delete": ("deleted", "red")}
_PATCH_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text: messages on stderr, data on stdout.

    Colours are for terminals only. Control and bidirectional characters are escaped in messages, and in data on a
    terminal; in a file or a pipe, data stays as it is.
    """
    if err or sys.stdout.isatty():
        parts = _STYLE.split(text)
        parts[::2] = [re.sub(r"[^\n\t]+", lambda match: printable(match[0]), part) for part in parts[::2]]
        text = "".join(parts)
    click.echo(text, err=err, nl=nl)


def echo_json(data: object) -> None:
    """Print data for programs."""
    echo(json.dumps(data, indent=2))


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, is_dim: Callable[[Sequence[str]], bool] = lambda _: False
) -> None:
    """Print rows in columns below their names."""
    lines = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        echo(click.style(text, bold=number == 0 or None, dim=is_dim(line) or None))


def report(diagnostics: Sequence[Diagnostic], output: str, changes: Iterable[Change] = ()) -> None:
    """Print grouped diagnostics: `text` on stderr; `github`, and `json` with the changes, on stdout."""
    groups = grouped(diagnostics)
    if output == "json":
        files = [change_as_data(*group) for group in grouped(changes)]
        echo_json({"diagnostics": [as_data(*group) for group in groups], "files": files})
    elif output == "github":
        folder = folder_in_repository(click.get_current_context().find_root().obj)
        for group in groups:
            echo(as_github(folder, *group))
    else:
        for group in groups:
            place = str(group[0].location)
            echo(click.style(place, bold=True) + as_text(*group).removeprefix(place), err=True)


def print_elsewhere(errors: Sequence[Diagnostic]) -> None:
    """Count the errors of schedules that a command was not asked about."""
    if errors:
        echo(f"{in_numbers(errors)} in other schedules: run `dagpress validate`.", err=True)


def print_changes(done: Iterable[Change]) -> None:
    """Print a line for each file."""
    for change in done:
        word, colour = _ACTIONS[change.action.value]
        echo(f"{click.style(word, fg=colour)} {printable(change.name)}")


def count_actions(done: Iterable[Change]) -> str:
    """How many files were created, updated and deleted, such as `1 file created, 2 files deleted`."""
    actions = [change.action.value for change in done]
    return ", ".join(
        f"{count(actions.count(action), 'file')} {word}" for action, (word, _) in _ACTIONS.items() if action in actions
    )


def print_diff(changes: Iterable[Change], context: int = 3) -> None:
    """Print the changes as a patch, equal ones once, with `context` lines around each part."""
    for first, *others in grouped(changes):
        _print_patch(first.diff(context))
        if others:
            echo(f"and in {count(len(others), 'other file')}: {first_of([each.name for each in others])}")


def _print_patch(patch: str) -> None:
    """Print a patch in its colours, with control characters escaped in files and pipes too."""
    for line in _CONTROL.sub(lambda match: printable(match[0]), patch).split("\n")[:-1]:
        colour = _PATCH_COLOURS.get(line[:1])
        echo(click.style(line, fg=colour, bold=line.startswith(("+++", "---")) or None) if colour else line)


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
            echo(click.style(text.strip()[:100], dim=True), nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._is_terminal:
            click.echo("\r\033[K", nl=False, err=True)
