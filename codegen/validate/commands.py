"""Shell commands: no failure in one may leave its task successful."""

from __future__ import annotations

from collections.abc import Iterator

from codegen import rules
from codegen.diagnostics import Diagnostic
from codegen.runners import RUNNERS
from codegen.runners.bash import BASH
from codegen.schema import Schedule
from codegen.text.ignored_failures import ignored_failures
from codegen.validate.places import place_of


def check_commands(schedule: Schedule) -> Iterator[Diagnostic]:
    """Warn of each failure that the shell itself ignores, which no option of it prevents."""
    for task in schedule.tasks or ():
        runner = RUNNERS[schedule.runner_of(task) or BASH.name]
        for ignored in ignored_failures(task.command, has_pipefail=runner is BASH) if task.command else ():
            line = f"line {ignored.line} of the command: " if "\n" in (task.command or "") else ""
            place = place_of(task, schedule, "command")
            yield Diagnostic(rules.HIDES_FAILURE, f"{line}{ignored.message}", place, ignored.fix)
