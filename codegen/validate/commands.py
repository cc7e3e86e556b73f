"""Shell commands: a failure must fail the task."""

from __future__ import annotations

from collections.abc import Iterator

from codegen import rules
from codegen.diagnostics import Diagnostic
from codegen.runners import RUNNERS
from codegen.runners.bash import BASH
from codegen.schema import Schedule
from codegen.text.errexit import ignored_failures
from codegen.validate.places import place_of


def check_commands(schedule: Schedule) -> Iterator[Diagnostic]:
    """Warn about each failure that the shell ignores even with `set -e` and `pipefail`."""
    for task in schedule.tasks or ():
        runner = RUNNERS[schedule.runner_of(task) or BASH.name]
        for ignored in ignored_failures(task.command, has_pipefail=runner is BASH) if task.command else ():
            place = place_of(task, schedule, "command")
            yield Diagnostic(rules.HIDES_FAILURE, ignored.message, place, ignored.fix)
