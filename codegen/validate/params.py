"""Checks run parameters: their schemas and defaults, and the parameters that templates use."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.keys.markers import is_constant
from codegen.keys.table import keys_of
from codegen.meltano import MeltanoProject
from codegen.schema import Schedule
from codegen.schema.param import Param
from codegen.source.nodes import ListNode, MapNode, Node, Scalar
from codegen.text.jinja import is_template, params_in
from codegen.text.patterns import LIMIT, matches
from codegen.validate.places import runs_of_job
from codegen.validate.templates import templated_values

# The keys for the trigger form are not part of the JSON Schema that Airflow validates values with.
_SHOWN = {"default", "title", "description", "description_md", "examples", "values_display", "section"}
# Keywords that refer to other schemas, or that other schemas can refer to.
_REFERENCES = {"$ref", "$dynamicRef", "$recursiveRef", "$schema", "$id", "$anchor", "$dynamicAnchor", "$defs"}
_MAX_COST = 100_000
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def check_params(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Check that parameters are valid JSON Schemas, and that their defaults match."""
    for run in runs_of_job(schedule, meltano):
        yield from _check_text(run, schedule, schedule.where("job"))
    for param in schedule.params.values():
        yield from list(_check_schema(param)) or _check_pattern(param)


def _check_pattern(param: Param) -> Iterator[Diagnostic]:
    if not param.pattern or not isinstance(param.default, str):
        return
    is_match = matches(param.pattern, param.default)
    if is_match is None:
        message = f"the pattern `{param.pattern}` takes more than {LIMIT} seconds to match the default"
        hint = "simplify it, for example `(a+)+` to `a+`"
        yield Diagnostic(rules.INVALID_PARAM, message, param.at["pattern"], hint)
    elif not is_match:
        yield _misfit(param, "pattern", param.pattern, "change the default, or the rule")


def _misfit(param: Param, rule: str, value: object, hint: str) -> Diagnostic:
    message = f"the default does not match `{rule}: {_shown(value)}`"
    return Diagnostic(rules.INVALID_PARAM, message, param.at["default"], hint)


def check_defaults(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report parameters without a default, which scheduled runs require. The interval must be valid."""
    for name, param in schedule.params.items():
        if (schedule.after or not schedule.clock.is_manual) and not param.has_default:
            message = f"the run parameter {quoted(name)} has no `default`, which scheduled runs require"
            hint = 'add one, or make the schedule manual: `interval: "@manual"`, without `after`'
            yield Diagnostic(rules.MISSING_DEFAULT, message, param.at[""], hint)


def _check_schema(param: Param) -> Iterator[Diagnostic]:
    """Check as Airflow does (airflow/models/param.py on 2, airflow/sdk/definitions/param.py on 3)."""
    schema = {name: getattr(param, name) for name in keys_of(Param) if name in param.at and name not in _SHOWN}
    if not schema:
        return
    for name, value in schema.items():
        if reference := _reference_in(value):
            message = f"{quoted(reference)} is not supported: a schema cannot refer to another schema"
            yield Diagnostic(rules.INVALID_PARAM, message, param.at[name], "write the referenced rules here")
            return
    try:
        yield from _check_by_library(param, schema)
    except (OverflowError, RecursionError) as error:
        # The library and `re` raise these for too large numbers and too deep nesting.
        message = f"the rules cannot be checked: {error}"
        yield Diagnostic(rules.INVALID_PARAM, message, param.at[""], "simplify them")


def _reference_in(value: object) -> str:
    """Return the first keyword in a JSON Schema that refers to another schema, which may be remote."""
    own = [key for key in value if key in _REFERENCES] if isinstance(value, Mapping) else []
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((found for found in (*own, *map(_reference_in, parts)) if found), "")


def _check_by_library(param: Param, schema: dict[str, Any]) -> Iterator[Diagnostic]:
    # The import takes longer than the check of a thousand schedules without parameters.
    from jsonschema import FormatChecker  # noqa: PLC0415
    from jsonschema.exceptions import SchemaError, best_match  # noqa: PLC0415
    from jsonschema.validators import validator_for  # noqa: PLC0415

    kind: Any = validator_for({})
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        key = str(error.absolute_path[0])
        message = f"invalid {quoted(key)} in a JSON Schema: {error.message}"
        yield Diagnostic(rules.INVALID_PARAM, message, param.at[key])
        return
    if "default" not in param.at:
        return
    if _cost(schema, param.default) > _MAX_COST:
        message = "the rules and the default are too large to check"
        yield Diagnostic(rules.INVALID_PARAM, message, param.at["default"], "shorten one of them")
        return
    formats = FormatChecker()
    # Only some Airflow versions check this format. Their forms return RFC 3339.
    formats.checks("date-time")(lambda value: not isinstance(value, str) or bool(_RFC_3339.fullmatch(value)))
    broken = best_match(kind(_without_patterns(schema), format_checker=formats).iter_errors(param.default))
    if broken:
        rule = str(broken.absolute_schema_path[0])
        yield _misfit(param, rule, schema[rule], _fix(rule, param, broken.instance))


def _cost(schema: Mapping[str, Any], default: object) -> int:
    """Return an upper bound on the cost of a validation; `uniqueItems` compares each pair of values."""
    size = _size(default)
    return size * (_size(schema) + (size if "uniqueItems" in json.dumps(schema) else 0))


def _size(value: object) -> int:
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return 1 + sum(map(_size, parts))


def _without_patterns(schema: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Return the schema without regular expressions, which the library would match without a time limit."""
    if isinstance(schema, Mapping):
        own = {"patternProperties", *(("pattern",) if isinstance(schema.get("pattern"), str) else ())}
        return {name: _without_patterns(part) for name, part in schema.items() if name not in own}
    return [_without_patterns(part) for part in schema] if isinstance(schema, list | tuple) else schema


def _shown(rule: object) -> str:
    return rule if isinstance(rule, str) else json.dumps(rule, ensure_ascii=False)


def _fix(rule: str, param: Param, value: object) -> str:
    if rule == "type" and isinstance(value, bool | int | float) and "string" in _shown(param.type):
        return f'quote it: "{json.dumps(value)}"'
    if rule == "type" and isinstance(value, str) and "string" not in _shown(param.type):
        return "remove the quotes, or change `type`"
    if rule == "format" and param.format == "date-time":
        return "write it in RFC 3339 format: 2024-01-31T06:00:00+00:00"
    return "change the default, or the rule"


def check_params_in_templates(schedule: Schedule, root: MapNode) -> Iterator[Diagnostic]:
    """Check that templates in a document, with its defaults merged in, use existing parameters."""
    if not _mentions_params(root):
        return
    places = {place for _, place in templated_values(schedule)}
    for scalar in _scalars(root, places):
        yield from _check_text(scalar.text, schedule, scalar.location)


def _mentions_params(node: Node) -> bool:
    if isinstance(node, Scalar):
        return "params" in node.text
    parts = node.items if isinstance(node, ListNode) else [entry.value for entry in node.entries.values()]
    return any(map(_mentions_params, parts))


def _check_text(text: str, schedule: Schedule, location: Location) -> Iterator[Diagnostic]:
    if "params" not in text or not is_template(text):
        return
    from codegen.validate.null_params import check_null_params  # noqa: PLC0415  # Jinja2 is slow to import

    for name in params_in(text):
        if name not in schedule.params:
            hint = nearest(name, schedule.params) or f"add it to `params`: `params: {{{name}: a value}}`"
            yield Diagnostic(rules.UNKNOWN_PARAM, f"unknown run parameter {quoted(name)}", location, hint)
    # If these are empty, Meltano uses another state or environment (`_NEVER_EMPTY` in shell.py).
    required = {schedule.at.get(name) for name in ("environment", "state_id", "state_id_suffix")}
    must_not_be_empty = location in required or "--state-id" in text
    yield from check_null_params(text, schedule, location, "all" if must_not_be_empty else "")


def _scalars(node: Node, places: Collection[Location], *, is_within: bool = False) -> Iterator[Scalar]:
    """Yield the scalars at the places, and in lists and maps there."""
    is_within = is_within or node.location in places
    if isinstance(node, Scalar):
        if is_within:
            yield node
    elif not is_constant(node):
        for part in node.items if isinstance(node, ListNode) else [e.value for e in node.entries.values()]:
            yield from _scalars(part, places, is_within=is_within)
