"""The JSON Schemas of `--format json`, generated from the types in `codegen/cli/outputs.py`."""

from __future__ import annotations

import inspect
import re
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from codegen.cli import outputs

# The commands with `--format json`, and the types of their outputs.
OUTPUTS: dict[str, Any] = {
    "generate, check, validate, verify, import, export": outputs.Report,
    "verify --against meltano": outputs.ComparisonWithMeltano,
    "list": list[outputs.ListedSchedule],
    "show --explain": list[outputs.ExplainedKey],
    "next": list[str],
    "calendar": outputs.Week,
    "rule": list[outputs.RuleSummary],
    "rule CODE": list[outputs.RulePage],
}
_SIMPLE: dict[Any, dict[str, Any]] = {
    Any: {},
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
}
_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def output_schema(kind: Any) -> dict[str, Any]:  # any type of an output
    """Return the JSON Schema of a TypedDict or of a type in it."""
    if is_typeddict(kind):
        return _of_map(kind)
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    inner = [output_schema(argument) for argument in get_args(kind)]
    if get_origin(kind) in {Union, UnionType}:
        return {"anyOf": inner}
    if get_origin(kind) is list:
        return {"type": "array", "items": inner[0]}
    return {"type": "object", "additionalProperties": inner[1]} if get_origin(kind) is dict else _SIMPLE[kind]


def _of_map(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, vars(outputs))
    meanings = _meanings(kind)
    properties = {name: {**output_schema(hints[name]), "description": meanings[name]} for name in hints}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _meanings(kind: Any) -> dict[str, str]:
    """Return the descriptions of attributes in the docstrings of a type and its base types."""
    types = [each for each in vars(outputs).values() if is_typeddict(each)]
    bases = [each for each in types if each.__annotations__.items() <= kind.__annotations__.items()]
    found = [each for base in bases for each in _ATTRIBUTE.findall(inspect.getdoc(base) or "")]
    return {name: " ".join(text.split()) for name, text in found}
