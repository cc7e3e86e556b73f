"""The operator of a step that calls Python, in Airflow's worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from codegen.literal import Identifier, Value
from codegen.templating import as_rendered

if TYPE_CHECKING:
    from codegen.command import Step
    from codegen.plan.tree import PlannedFunction
    from codegen.schema.step_kinds import Plain


def operator_of(step: Step, function: PlannedFunction) -> tuple[str, dict[str, Value]]:
    """A PythonOperator that calls a function of the file."""
    arguments = {name: _rendered(value) for name, value in step.task.op_kwargs.items()}
    return "PythonOperator", {"python_callable": Identifier(function.name), "op_kwargs": arguments or None}


def _rendered(value: Plain) -> Value:
    """The value with each text as Airflow's templating gives it back; the names in a map are no templates."""
    if isinstance(value, str):
        return as_rendered(value, endings=())  # the operator opens no files
    if isinstance(value, Mapping):
        return {name: _rendered(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_rendered(item) for item in value]
    return value
