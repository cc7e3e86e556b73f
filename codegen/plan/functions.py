"""The functions of a generated file: each imports a callable where its task runs, and calls it.

So nothing of the user's is imported when Airflow parses the file, and none of it can break the DAG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.plan.naming import free_name
from codegen.plan.tree import PlannedFunction
from codegen.source_text import LINE_LENGTH, code
from codegen.values import Argument, Call, Identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codegen.plan.steps import Step


def functions_of(steps: Sequence[Step]) -> dict[str, PlannedFunction]:
    """The function of each task that calls Python, by the task's id; tasks with the same call share one."""
    functions: dict[tuple[str, ...], PlannedFunction] = {}
    by_task = {}
    for step in steps:
        if step.task.python:
            call = (step.task.python, *step.task.op_kwargs)
            if call not in functions:
                functions[call] = _function(*call, taken={function.name for function in functions.values()})
            by_task[step.task_id] = functions[call]
    return by_task


def _function(python: str, *parameters: str, taken: set[str]) -> PlannedFunction:
    module, _, name = python.rpartition(".")
    own = free_name((name, f"call_{name}"), f"call_{name[:10]}_", taken)
    # What is imported is a name in the function, as its parameters are.
    local = free_name((name, f"call_{name}"), "function_", set(parameters))
    head = code(Call(f"def {own}", tuple(Identifier(parameter) for parameter in parameters)), indent=0)
    given = tuple(Argument(parameter, Identifier(parameter)) for parameter in parameters)
    call = code(Call(local, (), given), indent=4, before=len("return "))
    imported = import_line(module, name if name == local else f"{name} as {local}")
    return PlannedFunction(own, f"{head}:\n{imported}\n\n    return {call}")


def import_line(module: str, name: str) -> str:
    """The import of a name inside a function, in more lines where one is too long."""
    line = f"    from {module} import {name}"
    return line if len(line) <= LINE_LENGTH else f"    from {module} import (\n        {name},\n    )"
