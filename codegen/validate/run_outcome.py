"""The outcome of a run: Airflow takes that of the last tasks, so those must not hide earlier failures."""

from __future__ import annotations

from collections.abc import Iterator

from codegen import rules
from codegen.airflow_facts.trigger_rules import RUN_AFTER_A_FAILURE
from codegen.diagnostics import Diagnostic, quoted
from codegen.schema import Schedule, Task
from codegen.validate.places import place_of

_MARKED = "Airflow marks the run successful although a task failed, because its last task runs regardless"


def check_run_outcome(schedules: list[Schedule]) -> Iterator[Diagnostic]:
    """A run succeeds if its last tasks do (airflow/models/dagrun.py, `update_state`), even if others have failed."""
    waiting = {name: other.name for other in schedules if other.after for name in other.after.names}
    for schedule in schedules:
        last = _last_tasks(schedule)
        if not last or any(schedule.of(task, "trigger_rule") not in RUN_AFTER_A_FAILURE for task in last):
            continue
        is_silent = schedule.on_failure and not all(task.on_failure for task in schedule.tasks or ())
        effects = ["`on_failure` does not fire"] if is_silent else []
        hint = "add a last task without `trigger_rule` that waits for those that must succeed"
        if schedule.name in waiting:
            effects.append(f"{quoted(waiting[schedule.name])} starts after it")
        elif effects:
            hint = f"give the alert to the tasks, or {hint}"
        if effects:
            place = place_of(last[0], schedule, "trigger_rule")
            yield Diagnostic(rules.HIDES_FAILURE, f"{_MARKED}: {', and '.join(effects)}", place, hint)


def _last_tasks(schedule: Schedule) -> list[Task]:
    """The tasks for which no other waits, if there are others before them."""
    tasks = schedule.tasks or ()
    if all(task.after is None for task in tasks):
        return list(tasks[-1:]) if len(tasks) > 1 else []
    awaited = {name for task in tasks for name in task.after or ()}
    last = [task for task in tasks if not awaited & {task.task_id, task.group}]
    return last if all(task.after for task in last) else []
