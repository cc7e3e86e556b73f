"""The kinds of tasks: each lowers a step to an operator and its arguments, and says in words what the step does.

The table of keys has the keys of each kind, and the other keys that reach it (`Key.reaches`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from codegen.plan.alerts import task_alerts
from codegen.plan.arguments import operator_arguments_of
from codegen.plan.names import free_name
from codegen.plan.steps import Step
from codegen.plan.tree import FunctionKey, Functions, Import, PlannedFunction, PlannedTask
from codegen.runners import RUNNERS
from codegen.schema import Schedule
from codegen.text.jinja import rendered
from codegen.values import Identifier, Value, arguments_of, call, without_none

Lowered = tuple[str, dict[str, Value]]


@dataclass(frozen=True)
class TaskKind:
    """How a kind of task lowers a step to an operator and its arguments, and says what it does, with code formatted."""

    lower: Callable[[Step, Functions], Lowered]
    words: Callable[[Step, Callable[[str], str]], str]


def _by_runner(step: Step, _: Functions) -> Lowered:
    if not (step.calls or step.script):  # the join task
        return "EmptyOperator", {}
    runner = RUNNERS[step.runner]
    return runner.operator.rpartition(".")[2], runner.lower(step)


def _by_function(step: Step, functions: Functions) -> Lowered:
    function = Identifier(functions[_key(step)].name)
    return "PythonOperator", {"python_callable": function, "op_kwargs": rendered(step.task.op_kwargs) or None}


# By the key that says what runs.
_KINDS = {
    "run": TaskKind(_by_runner, lambda step, code: f"{code(step.run)} with Meltano"),
    "command": TaskKind(_by_runner, lambda _, __: "a command of the shell"),
    "python": TaskKind(_by_function, lambda step, code: f"calls {code(step.task.python or '')}"),
}


def kind_of(step: Step) -> TaskKind:
    """The kind of a step. An extractor with a loader runs Meltano too."""
    return _KINDS[step.task.kind or "run"]


def plan_task(step: Step, variable: str, schedule: Schedule, functions: Functions, airflow: str) -> PlannedTask:
    """Plan the operator of a step of a schedule, with its Python name, or an empty one."""
    operator, arguments = kind_of(step).lower(step, functions)
    own = operator_arguments_of(step.task, schedule, airflow)
    given = {"task_id": step.task_id, **arguments, **own, **task_alerts(step.task, functions)}
    return PlannedTask(step.task_id, variable, operator, arguments_of(without_none(given)), step.after)


def task_functions(steps: Iterable[Step]) -> dict[FunctionKey, PlannedFunction]:
    """The functions for the tasks that call Python."""
    functions: dict[FunctionKey, PlannedFunction] = {}
    for key in dict.fromkeys(_key(step) for step in steps if step.task.python):
        functions[key] = _function(*key, taken={function.name for function in functions.values()})
    return functions


def _key(step: Step) -> FunctionKey:
    return (step.task.python or "", *step.task.op_kwargs)


def _function(python: str, *parameters: str, taken: set[str]) -> PlannedFunction:
    module, _, name = python.rpartition(".")
    own = free_name((name, f"call_{name}"), f"call_{name[:10]}_", taken)
    # The imported name must not hide a parameter.
    local = free_name((name, f"call_{name}"), "function_", parameters)
    arguments = {parameter: Identifier(parameter) for parameter in parameters}
    imported = Import(module, ((name, local),))
    return PlannedFunction(own, parameters, imported, call(local, **arguments), returns=True)
