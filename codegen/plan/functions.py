"""The functions of a generated file that call Python callables of the project for its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from codegen.plan.names import free_name
from codegen.plan.tree import Import, PlannedFunction
from codegen.values import Identifier, call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codegen.plan.steps import Step
    from codegen.schema import Task

# What a function calls, with the names of its arguments; tasks and alerts with the same key share a function.
FunctionKey = tuple[str, ...]
Functions = Mapping[FunctionKey, PlannedFunction]


def key_of(task: Task) -> FunctionKey:
    """The key of the function that a task calls."""
    return (task.python or "", *task.op_kwargs)


def task_functions(steps: Iterable[Step]) -> dict[FunctionKey, PlannedFunction]:
    """The functions for the tasks that call Python."""
    functions: dict[FunctionKey, PlannedFunction] = {}
    for key in dict.fromkeys(key_of(step.task) for step in steps if step.task.python):
        functions[key] = _function(*key, taken={function.name for function in functions.values()})
    return functions


def _function(python: str, *parameters: str, taken: set[str]) -> PlannedFunction:
    module, _, name = python.rpartition(".")
    own = free_name((name, f"call_{name}"), f"call_{name[:10]}_", taken)
    # The imported name must not hide a parameter.
    local = free_name((name, f"call_{name}"), "function_", parameters)
    arguments = {parameter: Identifier(parameter) for parameter in parameters}
    imported = Import(module, ((name, local),))
    return PlannedFunction(own, parameters, imported, call(local, **arguments), returns=True)
