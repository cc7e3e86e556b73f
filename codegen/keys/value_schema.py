"""The JSON Schema of arguments: the definitions of markers and types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from codegen.keys.field_type import JsonSchema
from codegen.keys.scalars import DateTime, Duration

_TEXT: JsonSchema = {"type": "string", "minLength": 1}
_FULL_NAME: JsonSchema = {"type": "string", "pattern": r"^\w+(?:\.\w+)+$"}
_VALUE: JsonSchema = {"$ref": "#/definitions/value"}
_OUTPUT: JsonSchema = {"type": "object", "required": ["task"], "properties": {"task": _TEXT, "key": _TEXT}}
_FILES = dict.fromkeys(("$f", "$file"), _TEXT)
# The markers, short and long, with their descriptions and values.
_MARKERS: Mapping[tuple[str, ...], tuple[str, JsonSchema]] = {
    ("$x", "$xcom"): (
        "The result (XCom) of an upstream task.\nExample: {$x: {task: extract, key: rows}}",
        {"anyOf": [_TEXT, {**_OUTPUT, "additionalProperties": False}]},
    ),
    ("$t", "$template"): (
        "A template, which can be in a file.\nExample: {$t: {$f: queries/orders.sql}}",
        {"anyOf": [_TEXT, {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": _FILES}]},
    ),
    ("$f", "$file"): (
        "The text of a file; the path is relative to this file.\nExample: {$f: queries/orders.sql}",
        _TEXT,
    ),
    ("$const",): ("A value without templates.\nExample: {$const: '{{ raw }}'}", {}),
    ("$import",): (
        "A Python object that the DAG file imports.\nExample: {$import: quality.checks.first_row}",
        _FULL_NAME,
    ),
}
_MARKER: JsonSchema = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {name: {"description": doc, **schema} for names, (doc, schema) in _MARKERS.items() for name in names},
}
_DEFINITIONS: Mapping[str, JsonSchema] = {
    "marker": _MARKER,
    "value": {
        "anyOf": [
            {"$ref": "#/definitions/marker"},
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": _VALUE},
            {"type": "object", "propertyNames": {"pattern": r"^(?!\$)"}, "additionalProperties": _VALUE},
        ]
    },
    # Allowed for any argument.
    "later": {"anyOf": [{"type": "string", "pattern": r"\{[{%#]"}, {"$ref": "#/definitions/marker"}]},
}
# The names of types in definitions, and the JSON Schemas of their values.
_TYPES: Mapping[type, tuple[str, JsonSchema]] = {
    str: ("text", {"type": "string"}),
    bool: ("boolean", {"type": "boolean"}),
    timedelta: ("duration", Duration().json_schema()),
    datetime: ("date", DateTime().json_schema()),
    time: ("time", {"type": "string", "pattern": r"^\d{2}:\d{2}"}),
    float: ("number", {"type": "number"}),
    int: ("integer", {"type": "integer"}),
    list: ("list", {"type": "array"}),
    dict: ("map", {"type": "object"}),
    type(None): ("null", {"type": "null"}),
}


def arguments_map() -> JsonSchema:
    """Return the JSON Schema of a map of unknown arguments."""
    return {"type": "object", "propertyNames": {"pattern": r"^[A-Za-z_]\w*$"}, "additionalProperties": _VALUE}


def object_schema() -> JsonSchema:
    """Return the JSON Schema of a Python object by `$import`."""
    properties = {"$import": _FULL_NAME}
    return {"type": "object", "required": ["$import"], "additionalProperties": False, "properties": properties}


def reference_to(types: Iterable[type]) -> JsonSchema:
    """Return a reference to the definition of an argument with these types."""
    return {"$ref": f"#/definitions/{_name(types)}"}


def definitions(of_arguments: Iterable[Iterable[type]]) -> dict[str, JsonSchema]:
    """Return the definitions of the markers and of arguments with these types."""
    found = dict(_DEFINITIONS)
    for types in of_arguments:
        later = {"$ref": "#/definitions/later"}
        found[_name(types)] = {"anyOf": [*(schema for _, schema in _of(types)), later]}
    return dict(sorted(found.items()))


def _of(types: Iterable[type]) -> list[tuple[str, JsonSchema]]:
    kinds = set(types)
    # Text includes these types, and numbers include whole numbers.
    kinds -= {int} if float in kinds else set()
    kinds -= {timedelta, datetime, time} if str in kinds else set()
    return [each for kind, each in _TYPES.items() if kind in kinds]


def _name(types: Iterable[type]) -> str:
    return "_or_".join(name for name, _ in _of(types)) or "object"
