"""Converts the arguments in `with` to Python values, and lists the objects to import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from codegen.airflow_facts import ClassFacts, facts_of
from codegen.keys.markers import Const, Template
from codegen.plan.arguments import lowered
from codegen.plan.names import free_name, full_name_of
from codegen.plan.steps import Step
from codegen.runners import RUNNERS
from codegen.schema import Schedule
from codegen.schema.operators import operator_facts
from codegen.schema.timetable import CustomTimetable
from codegen.text.jinja import as_literal, as_rendered, is_template
from codegen.values import Call, Identifier, Imported, Output, Value, arguments_of, call, mapped, parts_of


def arguments_of_step(step: Step, airflow: str) -> dict[str, Any]:
    """Return the operator arguments of a step from `with` or the runner's settings; datetimes are not converted."""
    if step.settings:
        given, facts = step.settings.passed, facts_of(airflow).class_of(RUNNERS[step.runner].operator)
    else:
        given, facts = step.task.with_, operator_facts(step.task.kind, step.task.uses, airflow)
    lowered = {name: _lowered(value, *_rendering(name, facts)) for name, value in given.items()}
    # Arguments that are None are omitted, but an explicit null is kept.
    return {name: Identifier("None") if value is None else value for name, value in lowered.items()}


def _rendering(name: str, facts: ClassFacts | None) -> tuple[bool, tuple[str, ...]]:
    """Return whether Airflow renders an argument, and the extensions of template files."""
    return (name in facts.templated, facts.files) if facts else (False, ())


def _lowered(value: Any, is_templated: bool, files: tuple[str, ...]) -> Any:  # noqa: ANN401, FBT001  # of a schedule
    if isinstance(value, Mapping):
        return {name: _lowered(item, is_templated, files) for name, item in value.items()}
    if isinstance(value, list):
        return [_lowered(item, is_templated, files) for item in value]
    if isinstance(value, Const):
        return mapped(value.value, {str: lambda text: _constant(text, files)}) if is_templated else value.value
    text = value.text if isinstance(value, Template) else value
    if isinstance(text, str):
        return _rendered_lines(as_rendered(text, files)) if is_templated else text
    return _time(value) if isinstance(value, time) else value


def _constant(text: str, files: tuple[str, ...]) -> str:
    """Return text that rendering does not change."""
    return as_literal(text) if is_template(text) else _rendered_lines(as_rendered(text, files))


def _rendered_lines(text: str) -> str:
    """Return a template; multiline text gets a trailing newline, which Jinja removes."""
    return f"{text}\n" if "\n" in text else text


def _time(value: time) -> Value:
    parts = [value.hour, value.minute, value.second, value.microsecond]
    while len(parts) > 2 and parts[-1] == 0:  # noqa: PLR2004  # hour and minute stay
        parts.pop()
    return call("time", *parts)


def operator_name(step: Step, airflow: str) -> str:
    """Return the full name of the operator in `uses`."""
    uses = step.task.uses or ""
    return facts_of(airflow).core_operators.get(uses, uses)


def timetable_name(timetable: CustomTimetable, airflow: str) -> str:
    """Return the full name of the timetable.

    For Airflow's own timetables, this is the scheduler's class: the classes in `airflow.sdk` have different arguments,
    and Airflow 3.3 cannot serialize its `EventsTimetable`.
    """
    return facts_of(airflow).timetables.get(timetable.uses, timetable.uses)


def timetable_call(schedule: Schedule, objects: Mapping[str, str], airflow: str) -> Call | None:
    """Return the call for a schedule's custom timetable, or None."""
    own = schedule.interval
    if not isinstance(own, CustomTimetable):
        return None
    arguments = {name: _lowered(value, *_rendering(name, None)) for name, value in own.with_.items()}
    return Call(objects[timetable_name(own, airflow)], keywords=arguments_of(lowered(arguments, schedule, airflow)))


def objects_of(schedule: Schedule, steps: Iterable[Step], airflow: str) -> list[str]:
    """Return the full names of the operators, the timetable and the objects that a DAG imports."""
    full_names = _imported_in(schedule.arguments)
    if isinstance(schedule.interval, CustomTimetable):
        full_names += [timetable_name(schedule.interval, airflow), *_imported_in(schedule.interval.with_)]
    for step in steps:
        full_names += [operator_name(step, airflow)] if step.task.uses else []
        full_names += _imported_in(step.task.with_) + _imported_in(step.task.arguments)
        full_names += _imported_in(vars(step.settings)) if step.settings else []
    return full_names


def _imported_in(values: Mapping[str, Any]) -> list[str]:
    return [part.full_name for part in parts_of(values) if isinstance(part, Imported)]


def names_of_objects(full_names: Iterable[str], airflow: str, taken: Iterable[str]) -> dict[str, str]:
    """Return the local name of each imported object, by its full name."""
    names: dict[str, str] = {}
    for full_name in dict.fromkeys(full_names):
        module, _, name = full_name.rpartition(".")
        others = {*taken, *names.values()}
        is_known = full_name_of(name, airflow) == full_name
        wanted = (name, f"{module.rpartition('.')[2]}_{name}")
        names[full_name] = name if is_known else free_name(wanted, f"imported_{name[:20]}_", others)
    return names


def resolved(value: Value, variables: Mapping[str, str], objects: Mapping[str, str]) -> Value:
    """Return a value in which tasks and objects are replaced by their Python names."""
    return mapped(
        value,
        {
            Output: lambda output: Output(variables[output.task_id], output.key),
            Imported: lambda imported: Identifier(objects[imported.full_name]),
        },
    )
