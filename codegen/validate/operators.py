"""Checks the operators in `uses` and their arguments against the project's Airflow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from codegen import rules
from codegen.airflow_facts import VERSIONS, ClassFacts, facts_of
from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.runners import RUNNERS
from codegen.runners.kubernetes.settings import IN_THE_CONTAINER, IN_THE_SPEC
from codegen.schema import Schedule, Task
from codegen.schema.operators import operator_facts
from codegen.validate.operator_arguments import check_arguments_of, check_required, check_without_facts
from codegen.validate.places import place_of

# Modules of Airflow itself: the facts include all of their classes.
_AIRFLOW_MODULE = re.compile(r"airflow\.(?:operators|sensors|models|sdk|providers\.standard)\.")
# The fixes for classes that are not operators.
_NO_OPERATORS = {"notifier": "set alerts with `on_failure`", "timetable": "set it with `interval`"}


def check_operators(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Check the operator of each task, and its arguments in `with`."""
    for task in schedule.tasks or ():
        runner = schedule.runner_of(task)
        if task.uses and (problem := _problem_of(task.uses, airflow)):
            yield Diagnostic(rules.UNKNOWN_OPERATOR, problem[0], place_of(task, schedule, "uses"), problem[1])
        elif task.with_ and runner in {"docker", "kubernetes"}:
            message = f"`with` cannot be combined with `runner: {runner}`"
            hint = f"move the arguments to `{runner}`"
            yield Diagnostic(rules.MIXED_KINDS, message, place_of(task, schedule, "with"), hint)
        else:
            yield from _check_arguments(task, schedule, airflow)


def _check_arguments(task: Task, schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    at = {name: place_of(task, schedule, f"with.{name}") for name in task.with_}
    if facts := operator_facts(task.kind, task.uses, airflow):
        yield from check_arguments_of(task.with_, at, facts)
        yield from _check_pod_objects(task, at, facts)
        if task.uses:
            yield from check_required(task.with_, place_of(task, schedule, "uses"), facts)
    for name, value in task.with_.items():
        if not facts or name not in facts.arguments:
            yield from check_without_facts(name, value, at[name])


def _check_pod_objects(task: Task, at: Mapping[str, Location], facts: ClassFacts) -> Iterator[Diagnostic]:
    """Report maps in arguments that KubernetesPodOperator takes only as Python objects: it fails at run time."""
    names = [*IN_THE_SPEC, *IN_THE_CONTAINER] if facts.full_name == RUNNERS["kubernetes"].operator else []
    for name in names:
        value = task.with_.get(name)
        if any(isinstance(each, Mapping) for each in (value if isinstance(value, list) else [value])):
            message = f"`{name}` of {facts.name}: expected objects of Kubernetes' Python client, got a map"
            hint = "use `runner: kubernetes`, or move it to `pod_template_dict`"
            yield Diagnostic(rules.ARGUMENT_TYPE, message, at[name], hint)


def _problem_of(uses: str, airflow: str) -> tuple[str, str] | None:
    """Return the problem with the name of an operator and its fix; None for a valid or unverifiable name."""
    facts = facts_of(airflow)
    module, _, name = uses.rpartition(".")
    found = facts.class_of(uses)
    if name in {"BaseOperator", "BaseSensorOperator"} if _is_of_airflow(uses) else found and "Base" in name:
        return f"`{name}` is a base class", "use an operator derived from it"
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
    return "." not in uses or bool(_AIRFLOW_MODULE.match(uses))


def _unknown(uses: str, name: str, airflow: str) -> tuple[str, str]:
    """Return the message for an operator that this Airflow version does not have, and the fix."""
    message = f"Airflow {airflow} has no operator {quoted(uses)}"
    having = [version for version in VERSIONS if name in facts_of(version).core_operators]
    if having and VERSIONS.index(having[0]) > VERSIONS.index(airflow):
        return f"{message}: it was added in {having[0]}", "use another one, or set a newer `airflow`"
    if having:
        return f"{message}: it was removed after {having[-1]}", "use another one"
    hint = nearest(name, facts_of(airflow).core_operators)
    return message, hint or "for an operator of a provider or your own, write the full name: package.module.Name"
