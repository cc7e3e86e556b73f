"""The operator of a step that calls Python, in Airflow's worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.literal import Identifier, Value
from codegen.plan.rendered import rendered

if TYPE_CHECKING:
    from codegen.command import Step
    from codegen.plan.tree import PlannedFunction


def operator_of(step: Step, function: PlannedFunction) -> tuple[str, dict[str, Value]]:
    """A PythonOperator that calls a function of the file."""
    arguments = {name: rendered(value) for name, value in step.task.op_kwargs.items()}
    return "PythonOperator", {"python_callable": Identifier(function.name), "op_kwargs": arguments or None}
