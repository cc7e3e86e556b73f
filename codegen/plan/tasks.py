"""The kinds of tasks: each converts a step to an operator with arguments, and describes it.

The table of keys lists the keys of each kind, and the other keys that apply to it (`Key.reaches`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from codegen.diagnostics import printable
from codegen.plan.alerts import task_alerts
from codegen.plan.arguments import lowered, operator_arguments_of
from codegen.plan.names import free_name
from codegen.plan.operators import arguments_of_step, operator_name, resolved
from codegen.plan.steps import Step
from codegen.plan.tree import FunctionKey, Functions, Import, PlannedFunction, PlannedTask
from codegen.runners import RUNNERS
from codegen.schema import Schedule
from codegen.text.jinja import rendered
from codegen.values import Identifier, Value, arguments_of, call, without_none

_MAX_DISPLAY_NAME_LENGTH = 100
Lowered = tuple[str, dict[str, Value]]


@dataclass(frozen=True)
class PythonNames:
    """The Python names of a DAG: its functions by their callables, and imported objects by full name."""

    functions: Functions
    objects: Mapping[str, str]


@dataclass(frozen=True)
class TaskKind:
    """A kind of task.

    Attributes:
        lower: converts a step to the name of an operator and its arguments.
        describe: returns a description of a step; the argument formats code.
    """

    lower: Callable[[Step, PythonNames, str], Lowered]
    describe: Callable[[Step, Callable[[str], str]], str]


def _by_runner(step: Step, _: PythonNames, __: str) -> Lowered:
    if not (step.calls or step.script):  # the join task
        return "EmptyOperator", {}
    runner = RUNNERS[step.runner]
    return runner.operator.rpartition(".")[2], runner.lower(step)


def _by_function(step: Step, names: PythonNames, _: str) -> Lowered:
    function = Identifier(names.functions[_key(step)].name)
    return "PythonOperator", {"python_callable": function, "op_kwargs": rendered(step.task.op_kwargs) or None}


def _by_operator(step: Step, names: PythonNames, airflow: str) -> Lowered:
    return names.objects[operator_name(step, airflow)], {}


def _extract_load(step: Step, code: Callable[[str], str]) -> str:
    extractor, loader = code(step.task.extractor or ""), code(step.task.loader or "")
    if step.task.transform == "only":
        return f"transforms the data of {extractor} in {loader} with Meltano"
    transform = " and transforms it" if step.task.transform else ""
    refresh = " (full refresh)" if "--full-refresh" in step.flags else ""
    return f"loads {extractor} into {loader}{transform} with Meltano{refresh}"


# By the key that sets the work of a task.
_KINDS = {
    "run": TaskKind(_by_runner, lambda step, code: code(f"meltano run {step.run}")),
    "invoke": TaskKind(_by_runner, lambda step, code: code(f"meltano invoke {step.task.invoke or ''}")),
    "extractor": TaskKind(_by_runner, _extract_load),
    "command": TaskKind(_by_runner, lambda _, __: "shell command"),
    "python": TaskKind(_by_function, lambda step, code: f"calls {code(step.task.python or '')}"),
    "uses": TaskKind(_by_operator, lambda step, code: code((step.task.uses or "").rpartition(".")[2])),
}


def kind_of(step: Step) -> TaskKind:
    """Return the kind of a step; a `join` task counts as `run`."""
    return _KINDS[step.task.kind or "run"]


def plan_task(
    step: Step, variables: Mapping[str, str], schedule: Schedule, names: PythonNames, airflow: str
) -> PlannedTask:
    """Plan the operator of a step; `variables` has the Python names of tasks, by ID."""
    operator, arguments = kind_of(step).lower(step, names, airflow)
    own = operator_arguments_of(step.task, schedule, airflow)
    given = {
        "task_id": step.task_id,
        "task_display_name": _display_name(step, schedule),
        **arguments,
        **lowered(arguments_of_step(step, airflow), schedule, airflow),
        **own,
        **task_alerts(step.task, names.functions),
    }
    found = {name: resolved(value, variables, names.objects) for name, value in without_none(given).items()}
    return PlannedTask(step.task_id, variables.get(step.task_id, ""), operator, arguments_of(found), step.after)


def _display_name(step: Step, schedule: Schedule) -> str | None:
    """Return the display name of a job's task, whose ID is only a number."""
    if not (schedule.job and step.run) or "task_display_name" in schedule.arguments:
        return None
    shown = printable(step.run)
    return shown if len(shown) <= _MAX_DISPLAY_NAME_LENGTH else f"{shown[: _MAX_DISPLAY_NAME_LENGTH - 3]}..."


def task_functions(steps: Iterable[Step], taken: Collection[str]) -> dict[FunctionKey, PlannedFunction]:
    """Return the functions for the tasks that call Python."""
    functions: dict[FunctionKey, PlannedFunction] = {}
    for key in dict.fromkeys(_key(step) for step in steps if step.task.python):
        functions[key] = _function(*key, taken={*taken, *(function.name for function in functions.values())})
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
