"""Operators of tasks with `uses`: the project's Airflow must have them, and their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen import rules
from codegen.airflow_facts import VERSIONS, facts_of
from codegen.diagnostics import Diagnostic, nearest, quoted
from codegen.schema import Schedule, Task
from codegen.schema.operators import operator_facts
from codegen.validate.operator_arguments import check_arguments_of, check_required, check_without_facts
from codegen.validate.places import place_of

# Their modules are those of Airflow itself, so the facts have all of their classes.
_OF_AIRFLOW = re.compile(r"airflow\.(?:operators|sensors|models|sdk|providers\.standard)\.")
# What to write in place of a class that is no operator.
_NO_OPERATORS = {"notifier": "alerts are set by `on_failure`", "timetable": "the times of runs are set by `interval`"}


def check_operators(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Check the operator of each task, and the arguments that `with` gives it."""
    for task in schedule.tasks or ():
        runner = schedule.runner_of(task)
        if task.uses and (problem := _problem_of(task.uses, airflow)):
            yield Diagnostic(rules.UNKNOWN_OPERATOR, problem[0], place_of(task, schedule, "uses"), problem[1])
        elif task.with_ and task.kind in {"run", "command"} and runner in {"docker", "kubernetes"}:
            message = f"`with` is for Airflow's own worker, and this task runs in a container of `{runner}`"
            hint = f"write the arguments in `{runner}`"
            yield Diagnostic(rules.MIXED_KINDS, message, place_of(task, schedule, "with"), hint)
        else:
            yield from _check_arguments(task, schedule, airflow)


def _check_arguments(task: Task, schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    at = {name: place_of(task, schedule, f"with.{name}") for name in task.with_}
    if facts := operator_facts(task.kind, task.uses, airflow):
        yield from check_arguments_of(task.with_, at, facts)
        if task.uses:
            yield from check_required(task.with_, place_of(task, schedule, "uses"), facts)
    for name, value in task.with_.items():
        if not facts or name not in facts.arguments:
            yield from check_without_facts(name, value, at[name])


def _problem_of(uses: str, airflow: str) -> tuple[str, str] | None:
    """What is wrong with the name of an operator, and how to fix it; None if only Airflow can tell."""
    facts = facts_of(airflow)
    module, _, name = uses.rpartition(".")
    found = facts.class_of(uses)
    if name in {"BaseOperator", "BaseSensorOperator"} if _is_of_airflow(uses) else found and "Base" in name:
        return f"`{name}` is a base class, which runs nothing by itself", "name an operator that is derived from it"
    elsewhere = facts.class_of(f"{facts.module_of(name)}.{name}")
    known = found or (elsewhere if _is_of_airflow(uses) else None)
    if known and known.kind in _NO_OPERATORS:
        return f"`{name}` is a {known.kind}, not an operator", _NO_OPERATORS[known.kind]
    if found or not _is_of_airflow(uses):
        return None
    if known:
        right = name if name in facts.core_operators else known.full_name
        wrong = f"`{module}` is not the module of `{name}` in Airflow {airflow}"
        return wrong if module else f"`{name}` is not an operator of Airflow itself", f"write `{right}`"
    return _unknown(uses, name, airflow)


def _is_of_airflow(uses: str) -> bool:
    return "." not in uses or bool(_OF_AIRFLOW.match(uses))


def _unknown(uses: str, name: str, airflow: str) -> tuple[str, str]:
    """The message about an operator of Airflow that this version does not have."""
    message = f"Airflow {airflow} has no operator {quoted(uses)}"
    having = [version for version in VERSIONS if name in facts_of(version).core_operators]
    if having and VERSIONS.index(having[0]) > VERSIONS.index(airflow):
        return f"{message}, which came with {having[0]}", "take another, or a later `airflow` in the configuration"
    if having:
        return f"{message}: {having[-1]} was the last version with it", "take another"
    hint = nearest(name, facts_of(airflow).core_operators)
    return message, hint or "write the full name of an operator of a provider or of your own: package.module.Name"
