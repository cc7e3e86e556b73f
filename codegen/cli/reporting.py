"""Prints diagnostics and file changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from codegen.cli.formats import as_data, as_github, as_text, change_as_data, first_of, folder_in_repository, grouped
from codegen.cli.outputs import Report
from codegen.cli.printer import echo, echo_command, echo_json, styled
from codegen.diagnostics import Diagnostic, count, in_numbers, printable
from codegen.sync.changes import Change
from codegen.sync.parts import Part

_ACTIONS = {"create": ("created", "green"), "update": ("updated", "yellow"), "delete": ("deleted", "red")}
# How many pages of rules a command names, those of errors first.
_MAX_PAGES = 3
_PATCH_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def report(diagnostics: Sequence[Diagnostic], output: str, changes: Iterable[Change] = ()) -> None:
    """Print grouped diagnostics: `text` on stderr; `github`, and `json` with the changes, on stdout."""
    groups = grouped(diagnostics)
    if output == "json":
        files = [change_as_data(*group) for group in grouped(changes)]
        data: Report = {"diagnostics": [as_data(*group) for group in groups], "files": files}
        echo_json(data)
    elif output == "github":
        folder = folder_in_repository(click.get_current_context().find_root().obj)
        for group in groups:
            echo_command(as_github(folder, *group))
    else:
        for group in groups:
            place = str(group[0].location)
            echo(styled(place, bold=True) + as_text(*group).removeprefix(place), err=True)
    if output != "json":
        by_severity = sorted(diagnostics, key=lambda each: not each.is_error)
        if codes := list(dict.fromkeys(each.code for each in by_severity))[:_MAX_PAGES]:
            echo(f"For details, run `dagpress rule {' '.join(codes)}`.", err=True)


def print_elsewhere(errors: Sequence[Diagnostic]) -> None:
    """Print the number of errors in schedules that the command did not select."""
    if errors:
        echo(f"{in_numbers(errors)} in other schedules: run `dagpress validate`.", err=True)


def print_changes(done: Iterable[Change]) -> None:
    """Print a line for each file."""
    for change in done:
        word, colour = _ACTIONS[change.action.value]
        echo(f"{styled(word, fg=colour)} {printable(change.name)}")


def count_actions(done: Iterable[Change]) -> str:
    """Return the number of files by action, such as `1 file created, 2 files deleted`."""
    actions = [change.action.value for change in done]
    return ", ".join(
        f"{count(actions.count(action), 'file')} {word}" for action, (word, _) in _ACTIONS.items() if action in actions
    )


def print_diff(parts: Iterable[Part], context: int = 3) -> None:
    """Print changes as a patch with masked secrets; equal changes once."""
    # Imports the YAML parser, which `--help` does not need.
    from codegen.secrets.patches import masked_patch  # noqa: PLC0415

    shown = ""
    for first, *others in grouped(parts):
        lines = _lines_of(first.diff(context, masked_patch))
        # The header of a file is printed once for all its parts.
        for line in lines[2:] if shown == first.file else lines:
            colour = _PATCH_COLOURS.get(line[:1])
            echo(styled(line, fg=colour, bold=line.startswith(("+++", "---")) or None) if colour else line)
        shown = first.file
        if others:
            what = "DAG" if first.is_dag else "file"
            echo(f"and in {count(len(others), f'other {what}')}: {first_of([each.name for each in others])}")


def _lines_of(patch: str) -> list[str]:
    """Return the lines of a patch, without carriage returns if every line ends with one (Windows)."""
    lines = patch.split("\n")[:-1]
    is_of_windows = all(line.endswith("\r") for line in lines[2:] if not line.startswith(("@@", "\\")))
    return [line.removesuffix("\r") for line in lines] if is_of_windows else lines
