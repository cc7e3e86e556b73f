"""The operator of a task: what its kind lowers it to, and the arguments that every operator has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.plan.arguments import operator_arguments_of
from codegen.plan.task_kinds import kind_of
from codegen.plan.tree import PlannedTask
from codegen.values import Argument

if TYPE_CHECKING:
    from codegen.plan.alerts import AlertPlan
    from codegen.plan.steps import Step
    from codegen.plan.tree import PlannedFunction


def plan_task(step: Step, variable: str, function: PlannedFunction | None, alerts: AlertPlan) -> PlannedTask:
    """Plan the operator of a step.

    Args:
        step: one of a checked schedule.
        variable: the Python name that the operator gets; empty where nothing names it.
        function: what it calls, where it is a step of Python.
        alerts: those of its schedule.
    """
    operator, arguments = kind_of(step).lower(step, function)
    own = operator_arguments_of(step.task, alerts.schedule, alerts.airflow)
    given = {"task_id": step.task_id, **arguments, **own, **alerts.task_arguments(step.task)}
    return PlannedTask(
        step.task_id,
        variable,
        operator,
        tuple(Argument(name, value) for name, value in given.items() if value is not None),
        step.after,
    )
