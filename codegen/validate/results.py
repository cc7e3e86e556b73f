"""Checks `$x`, which must name an upstream task."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.plan.steps import is_chain
from codegen.schema import Schedule, Task
from codegen.validate.places import place_of
from codegen.values import Output, parts_of


def check_results(schedule: Schedule) -> Iterator[Diagnostic]:
    """Check the task that each `$x` names."""
    by_id = {task.task_id: task for task in schedule.tasks or ()}
    places = {task_id: number for number, task_id in enumerate(by_id)}
    are_in_order = is_chain(by_id.values())
    for task_id, task in by_id.items():
        for output, place in _outputs_of(task, schedule):
            if output.task_id not in by_id:
                yield _unknown(output.task_id, schedule, by_id, place)
            elif output.task_id == task_id:
                message = f"{quoted(task_id)} uses its own result"
                yield Diagnostic(rules.CYCLE, message, place, "name another task")
            elif are_in_order and places[output.task_id] > places[task_id]:
                message = f"{quoted(task_id)} uses the result of {quoted(output.task_id)}, which runs after it"
                hint = f"move {quoted(task_id)} after it, or set `after` in each task"
                yield Diagnostic(rules.CYCLE, message, place, hint)
            elif not output.key and not _pushes(by_id[output.task_id], schedule):
                message = f"{quoted(output.task_id)} has `do_xcom_push: false`, so it has no result"
                yield Diagnostic(rules.MIXED_KINDS, message, place, "remove one of them")


def _outputs_of(task: Task, schedule: Schedule) -> Iterator[tuple[Output, Location]]:
    for name, value in task.with_.items():
        for part in parts_of(value):
            if isinstance(part, Output):
                yield part, place_of(task, schedule, f"with.{name}")


def _unknown(name: str, schedule: Schedule, known: Collection[str], place: Location) -> Diagnostic:
    of_group = [task.task_id for task in schedule.tasks or () if task.group == name]
    if of_group:
        hint = f"name one of its tasks: {', '.join(map(quoted, of_group))}"
        return Diagnostic(rules.UNKNOWN_TASK, f"{quoted(name)} is a group, which has no result", place, hint)
    hint = nearest(name, known) or f"expected one of {', '.join(map(quoted, known))}"
    return Diagnostic(rules.UNKNOWN_TASK, f"unknown task {quoted(name)}", place, hint)


def _pushes(task: Task, schedule: Schedule) -> bool:
    """Return whether the task pushes its result to XCom."""
    return task.arguments.get("do_xcom_push", schedule.arguments.get("do_xcom_push")) is not False
