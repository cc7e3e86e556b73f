"""The operator of a task: its runner's arguments, and those that every operator has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.literal import Argument, Value
from codegen.plan.runners import RUNNERS
from codegen.plan.tree import PlannedTask

if TYPE_CHECKING:
    from codegen.command import Step
    from codegen.plan.alerts import AlertPlan


def plan_task(step: Step, variable: str, airflow: str, alerts: AlertPlan) -> PlannedTask:
    """Plan the operator of a step.

    Args:
        step: one of a checked schedule.
        variable: the Python name that the operator gets; empty where nothing names it.
        airflow: the version, one of `VERSIONS`.
        alerts: the alerts of its schedule.
    """
    operator, arguments = RUNNERS[step.runner](step, airflow)
    given = {"task_id": step.task_id, **arguments, **_common(step), **alerts.task_arguments(step.task)}
    return PlannedTask(
        step.task_id,
        variable,
        operator,
        tuple(Argument(name, value) for name, value in given.items() if value is not None),
    )


def _common(step: Step) -> dict[str, Value]:
    """The arguments of every operator, where the task says something else than the schedule."""
    if step.task is None:
        return {}
    return {"retries": step.task.retries, "execution_timeout": step.task.timeout}
