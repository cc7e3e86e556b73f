"""The operators of Airflow in the JSON Schema of a schedule: their names, and the arguments of each in `with`."""

from __future__ import annotations

from codegen.airflow_facts import facts_of
from codegen.keys.field_type import JsonSchema
from codegen.keys.operator_arguments import Arguments
from codegen.keys.value_schema import definitions, reference_to
from codegen.runners import RUNNERS
from codegen.runners.section import types_in
from codegen.schema.operators import arguments_type
from codegen.schema.task import WHAT_RUNS


def operator_definitions(airflow: str) -> dict[str, JsonSchema]:
    """The operators that come with this Airflow, the markers, and the types of arguments."""
    types = [types for _, each in _kinds(airflow) for types in each.known().values()]
    for runner in RUNNERS.values():
        types += [each for section in runner.sections for each in types_in(section.of(airflow))]
    return {"operator": {"enum": sorted(facts_of(airflow).core_operators)}, **definitions(types)}


def arguments_by_operator(airflow: str) -> list[JsonSchema]:
    """The arguments in `with` for each kind of task and each operator; other arguments are allowed."""
    return [
        {"if": condition, "then": {"properties": {"with": {"properties": properties}}}}
        for condition, type_ in _kinds(airflow)
        if (properties := {name: reference_to(types) for name, types in type_.known().items()})
    ]


def _kinds(airflow: str) -> list[tuple[JsonSchema, Arguments]]:
    """A condition for each kind of task and each operator, with the type of its arguments."""
    operators = sorted(facts_of(airflow).core_operators.items())
    kinds: list[tuple[JsonSchema, Arguments]] = [
        ({"required": [kind]}, arguments_type(kind, None, airflow)) for kind in WHAT_RUNS if kind != "uses"
    ]
    for name, full_name in operators:
        condition = {"required": ["uses"], "properties": {"uses": {"enum": [name, full_name]}}}
        kinds.append((condition, arguments_type("uses", name, airflow)))
    return kinds
