"""Checks shell commands: their syntax, and failures that do not fail the task."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import cache

from codegen import process, rules
from codegen.diagnostics import Diagnostic
from codegen.runners import RUNNERS
from codegen.runners.bash import BASH
from codegen.schema import Schedule
from codegen.text.ignored_failures import ignored_failures
from codegen.text.shell_tree import tree_of_script
from codegen.validate.places import place_of

_TIMEOUT = 10
_BASH_ERROR = re.compile(r": line (\d+): (.*)")
# Bash quotes as `this'.
_BASH_QUOTES = re.compile(r"`([^`']*)'")


def check_commands(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report syntax errors, and failures that the shell ignores even with `set -e` and `pipefail`."""
    for task in schedule.tasks or ():
        if not task.command:
            continue
        place = place_of(task, schedule, "command")
        runner = RUNNERS[schedule.runner_of(task) or BASH.name]
        if error := _syntax_error(task.command):
            yield Diagnostic(rules.INVALID_COMMAND, error, place, "fix the syntax; `bash -n FILE` checks a script")
            continue
        for ignored in ignored_failures(task.command, has_pipefail=runner is BASH):
            message = f"{_line(ignored.line, task.command)}{ignored.message}"
            yield Diagnostic(rules.HIDES_FAILURE, message, place, ignored.fix)


def _line(number: int, command: str) -> str:
    return f"line {number} of the command: " if "\n" in command else ""


@cache
def _syntax_error(command: str) -> str:
    """Return the first syntax error in a command, with its line; empty without an error or without bash.

    The parser also rejects a few valid scripts, such as `[ -e / ]`, so `bash -n` decides.
    """
    bash = shutil.which("bash") if tree_of_script(command).has_error else None
    if bash is None:
        return ""
    try:
        # The script may enable `extglob` at run time.
        found = process.run([bash, "-O", "extglob", "-n"], limit=_TIMEOUT, env={"LC_ALL": "C"}, stdin=command)
    except process.ProcessError:
        return ""
    error = _BASH_ERROR.search(found.stderr) if found.code else None
    return _line(int(error[1]), command) + _BASH_QUOTES.sub(r"`\1`", error[2]) if error else ""
