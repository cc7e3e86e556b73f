"""Checks combinations of Airflow arguments."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator

from codegen import rules
from codegen.airflow_facts.trigger_rules import ALL_SUCCESS
from codegen.diagnostics import Diagnostic, quoted
from codegen.meltano import MeltanoProject
from codegen.plan.meltano_options import env_of
from codegen.plan.steps import needs_no_join, readable_steps
from codegen.schema import Schedule, Task
from codegen.text.jinja import is_template
from codegen.validate.places import place_of, tasks_of


def check_arguments(schedule: Schedule) -> Iterator[Diagnostic]:
    """Check combinations of arguments that Airflow rejects when it loads the DAG."""
    key = _fail_fast(schedule)
    for task in tasks_of(schedule):
        rule = schedule.of(task, "trigger_rule")
        # `FailFastDagInvalidTriggerRule` in airflow/sdk/exceptions.py of 3.3, `FailStopDagInvalidTriggerRule` in 2.11.
        if key and rule not in {None, ALL_SUCCESS, "all_done_setup_success"}:
            message = f"Airflow rejects `{key}` with the trigger rule {quoted(rule)}"
            place = place_of(task, schedule, "trigger_rule")
            yield Diagnostic(rules.MIXED_KINDS, message, place, f"remove `{key}`, or the trigger rule")
        yield from _check_native(schedule, task)
    # `_validate_allowed_run_types` of `DAG`.
    allowed = schedule.arguments.get("allowed_run_types")
    by_clock = "manual" if schedule.clock.is_manual else "scheduled"
    needed = "asset_triggered" if schedule.after else by_clock
    if allowed and needed not in allowed:
        message = f"this schedule has runs of type `{needed}`, which `allowed_run_types` does not allow"
        yield Diagnostic(rules.MIXED_KINDS, message, schedule.where("allowed_run_types"), f"add `{needed}`")


def _check_native(schedule: Schedule, task: Task) -> Iterator[Diagnostic]:
    """Report variables that native rendering may turn into another type, such as `1.10` into a number."""
    key = "render_template_as_native_obj"
    if task.kind == "python" or not task.arguments.get(key, schedule.arguments.get(key)):
        return
    for name, value in env_of(schedule, task).items():
        if is_template(value) or _is_of_python(value):
            message = f"with `{key}`, Airflow may render the value of {quoted(name)} as another type than text"
            hint = f"remove `{key}`, or set it only in tasks with `python`"
            place = task.at.get(f"env.{name}") or schedule.where(f"env.{name}")
            yield Diagnostic(rules.MIXED_KINDS, message, place, hint)


def _is_of_python(text: str) -> bool:
    try:
        return not isinstance(literal_eval(text.strip()), str)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def check_joins(schedules: list[Schedule], meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Check the trigger rule of the `join` task that a DAG with an asset gets."""
    updating = {name for schedule in schedules if schedule.after for name in schedule.after.names}
    updating |= {schedule.name for schedule in schedules if schedule.outlets}
    for schedule in schedules:
        key = _fail_fast(schedule)
        steps = readable_steps(schedule, meltano) if key and schedule.name in updating else []
        if steps and not needs_no_join(steps):
            message = (
                f"Airflow rejects `{key}` with the trigger rule of the `join` task, which other schedules wait for"
            )
            hint = f"remove `{key}`, or add a last task that waits for all others"
            yield Diagnostic(rules.MIXED_KINDS, message, schedule.where(key), hint)


def _fail_fast(schedule: Schedule) -> str:
    """Return the argument that makes a failed task fail all others, if it is set."""
    return next((name for name in ("fail_fast", "fail_stop") if schedule.arguments.get(name)), "")
