"""The operators of Airflow in the JSON Schema of a schedule: their names and their arguments in `with`."""

from __future__ import annotations

from typing import Any

from codegen.airflow_facts import facts_of
from codegen.keys.field_type import FieldType, JsonSchema
from codegen.keys.operator_arguments import Arguments, OperatorArgument
from codegen.keys.value_schema import definitions
from codegen.runners import RUNNERS
from codegen.schema.operators import arguments_type
from codegen.schema.task import WHAT_RUNS


def operator_definitions(airflow: str) -> dict[str, JsonSchema]:
    """Return the definitions of Airflow's own operators, the markers and the types of arguments."""
    types: list[FieldType[Any]] = [
        argument for _, arguments in _kinds(airflow) for argument in _typed(arguments).values()
    ]
    for runner in RUNNERS.values():
        types += [row.type for section in runner.sections for row in section.of(airflow).rows.values()]
    known = [type_.types for type_ in types if isinstance(type_, OperatorArgument) and type_.types is not None]
    return {"operator": {"enum": sorted(facts_of(airflow).core_operators)}, **definitions(known)}


def arguments_by_operator(airflow: str) -> list[JsonSchema]:
    """Return conditions for the arguments in `with` of each kind of task and operator; others are allowed."""
    return [
        {"if": condition, "then": {"properties": {"with": {"properties": properties}}}}
        for condition, arguments in _kinds(airflow)
        if (properties := {name: type_.json_schema() for name, type_ in _typed(arguments).items()})
    ]


def _typed(arguments: Arguments) -> dict[str, OperatorArgument]:
    """Return the arguments with known types."""
    types = {name: arguments.type_of(name) for name in arguments.names}
    return {name: type_ for name, type_ in types.items() if type_.types is not None}


def _kinds(airflow: str) -> list[tuple[JsonSchema, Arguments]]:
    """Return a condition for each kind of task and each operator, with the type of its arguments."""
    operators = sorted(facts_of(airflow).core_operators.items())
    kinds: list[tuple[JsonSchema, Arguments]] = [
        ({"required": [kind]}, arguments_type(kind, None, airflow)) for kind in WHAT_RUNS if kind != "uses"
    ]
    for name, full_name in operators:
        condition = {"required": ["uses"], "properties": {"uses": {"enum": [name, full_name]}}}
        kinds.append((condition, arguments_type("uses", name, airflow)))
    return kinds
