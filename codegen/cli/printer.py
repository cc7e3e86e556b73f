"""The only module that prints, to terminals and to CI hosts."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from codegen.diagnostics import Diagnostic, count, printable, with_hint
from codegen.sync.changes import Action, Change

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
    """Print diagnostics: `text` on stderr, `github` on stdout, `json` there too, with the changed files."""
    if output == "json":
        files = [{"file": c.name, "action": c.action.value, "edited": c.edited} for c in changes]
        echo_json({"diagnostics": [_as_data(each) for each in diagnostics], "files": files})
        return
    for each in diagnostics:
        if output == "github":
            echo(_as_github(each))
        else:
            place = str(each.location)
            echo(click.style(place, bold=True) + as_text(each).removeprefix(place), err=True)


def print_changes(done: Iterable[Change]) -> None:
    """Print a line for each file."""
    for change in done:
        word, colour = _ACTIONS[change.action.value]
        note = " (it was edited by hand)" if change.edited else ""
        echo(f"{click.style(word, fg=colour)} {printable(change.name)}{note}")


def count_actions(done: Iterable[Change]) -> str:
    """How many files were created, updated and deleted, such as `1 file created, 2 files deleted`."""
    actions = [change.action.value for change in done]
    return ", ".join(
        f"{count(actions.count(action), 'file')} {word}" for action, (word, _) in _ACTIONS.items() if action in actions
    )


def print_diff(changes: Iterable[Change], context: int = 3) -> None:
    """Print the changes as a patch, with so many lines around each part."""
    for change in changes:
        print_patch(change.diff(context))


def print_sizes(changes: Iterable[Change]) -> None:
    """Print a line for each change, with how many lines the file has."""
    for change in changes:
        lines = f"{len(change.after.splitlines()):,} lines"
        what = "new" if change.action is Action.CREATE else "changed"
        echo(click.style(f"+ {printable(change.name)} ({what}, {lines})", fg="green"))


def print_patch(patch: str) -> None:
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


def as_text(diagnostic: Diagnostic) -> str:
    """The line `file:line:column: code: what is wrong (hint)`."""
    return f"{diagnostic.location}: {diagnostic.code}: {printable(with_hint(diagnostic.message, diagnostic.hint))}"


def _as_github(diagnostic: Diagnostic) -> str:
    """GitHub's workflow command for an annotation at a line of a pull request.

    The escapes are those of GitHub's own toolkit: https://github.com/actions/toolkit (core/src/command.ts).
    """
    place = diagnostic.location
    file = _github_data(place.path).replace(":", "%3A").replace(",", "%2C")
    properties = f"file={file},line={place.line},col={place.column},title={diagnostic.code}"
    return f"::{diagnostic.severity.value} {properties}::{_github_data(with_hint(diagnostic.message, diagnostic.hint))}"


def _as_data(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": diagnostic.location.path,
        "line": diagnostic.location.line,
        "column": diagnostic.location.column,
    }


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
