"""The operator of a task: its runner's arguments, and those that every operator has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.literal import Argument, Value
from codegen.plan import python
from codegen.plan.runners import RUNNERS
from codegen.plan.tree import PlannedTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.command import Step
    from codegen.plan.tree import PlannedFunction


def plan_task(
    step: Step, variable: str, function: PlannedFunction | None, airflow: str, alerts: Mapping[str, Value]
) -> PlannedTask:
    """Plan the operator of a step.

    Args:
        step: one of a checked schedule.
        variable: the Python name that the operator gets; empty where nothing names it.
        function: what it calls, where it is a step of Python.
        airflow: the version, one of `VERSIONS`.
        alerts: the arguments that are its alerts.
    """
    operator, arguments = python.operator_of(step, function) if function else RUNNERS[step.runner](step, airflow)
    given = {"task_id": step.task_id, **arguments, **_common(step), **alerts}
    return PlannedTask(
        step.task_id,
        variable,
        operator,
        tuple(Argument(name, value) for name, value in given.items() if value is not None),
    )


def _common(step: Step) -> dict[str, Value]:
    """The arguments of every operator, where the task says something else than the schedule."""
    task = step.task
    return {
        "trigger_rule": task.trigger_rule,
        "retries": task.retries,
        "retry_delay": task.retry_delay,
        "retry_exponential_backoff": task.retry_exponential_backoff,
        "execution_timeout": task.timeout,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "priority_weight": task.priority_weight,
        "queue": task.queue,
    }
