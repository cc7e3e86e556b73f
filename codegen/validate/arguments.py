"""Arguments of Airflow that are valid each, and that Airflow refuses together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen import rules
from codegen.command import needs_no_join, unordered_steps
from codegen.diagnostics import Diagnostic, quoted
from codegen.schema import Task
from codegen.trigger_rule import ALL_SUCCESS
from codegen.validate.tasks import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule

# `FailFastDagInvalidTriggerRule` in airflow/sdk/exceptions.py of 3.3, `FailStopDagInvalidTriggerRule` in 2.11.
_WITH_FAIL_FAST = {None, ALL_SUCCESS, "all_done_setup_success"}


def check_arguments(schedule: Schedule) -> Iterator[Diagnostic]:
    """What Airflow refuses when it loads the DAG."""
    key = _fail_fast(schedule)
    for task in (schedule.tasks or (Task(),)) if key else ():
        rule = schedule.of(task, "trigger_rule")
        if rule not in _WITH_FAIL_FAST:
            message = f"Airflow refuses `{key}` with the trigger rule {quoted(rule)}"
            place = place_of(task, schedule, "trigger_rule")
            yield Diagnostic(rules.MIXED_KINDS, message, place, f"remove `{key}`, or the trigger rule")
    yield from _check_run_types(schedule)


def check_joins(schedules: list[Schedule], meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """The `join` task of a DAG that others wait for has a trigger rule too."""
    awaited = {name for schedule in schedules if schedule.after for name in schedule.after.names}
    for schedule in schedules:
        key = _fail_fast(schedule)
        if key and schedule.name in awaited and not needs_no_join(unordered_steps(schedule, meltano)):
            message = f"Airflow refuses `{key}` with the trigger rule of the task at the end, which others wait for"
            hint = f"remove `{key}`, or let one last task wait for all others"
            yield Diagnostic(rules.MIXED_KINDS, message, schedule.where(key), hint)


def _fail_fast(schedule: Schedule) -> str:
    """The argument that makes a failed task fail the others, where it is set."""
    return next((name for name in ("fail_fast", "fail_stop") if schedule.arguments.get(name)), "")


def _check_run_types(schedule: Schedule) -> Iterator[Diagnostic]:
    """The runs that the schedule itself starts must be allowed (`_validate_allowed_run_types` of `DAG`)."""
    allowed = schedule.arguments.get("allowed_run_types")
    if not allowed:
        return
    by_clock = "scheduled" if schedule.clock.schedule else "manual"
    needed = "asset_triggered" if schedule.after and not schedule.interval else by_clock
    if needed not in allowed:
        message = f"the runs of this schedule are of the type `{needed}`, which `allowed_run_types` does not allow"
        yield Diagnostic(rules.MIXED_KINDS, message, schedule.where("allowed_run_types"), f"add `{needed}`")
