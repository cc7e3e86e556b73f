"""The operator of a task: its runner's arguments, and those that every operator has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.literal import Argument
from codegen.plan import python
from codegen.plan.arguments import operator_arguments_of
from codegen.plan.tree import PlannedTask
from codegen.runners import RUNNERS

if TYPE_CHECKING:
    from codegen.command import Step
    from codegen.plan.alerts import AlertPlan
    from codegen.plan.tree import PlannedFunction


def plan_task(step: Step, variable: str, function: PlannedFunction | None, alerts: AlertPlan) -> PlannedTask:
    """Plan the operator of a step.

    Args:
        step: one of a checked schedule.
        variable: the Python name that the operator gets; empty where nothing names it.
        function: what it calls, where it is a step of Python.
        alerts: those of its schedule.
    """
    operator, arguments = python.operator_of(step, function) if function else RUNNERS[step.runner].lower(step)
    own = operator_arguments_of(step.task, alerts.schedule, alerts.airflow)
    given = {"task_id": step.task_id, **arguments, **own, **alerts.task_arguments(step.task)}
    return PlannedTask(
        step.task_id,
        variable,
        operator,
        tuple(Argument(name, value) for name, value in given.items() if value is not None),
    )
