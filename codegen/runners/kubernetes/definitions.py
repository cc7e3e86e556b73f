"""Kubernetes objects in Kubernetes' own YAML, checked against its published schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, nearest, quoted
from codegen.keys.containers import python_value
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.markers import check_scalar, marker_of
from codegen.runners.kubernetes.types import QUANTITY_HINT
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null, type_name
from codegen.text.jinja import check_template, is_template
from codegen.values import Imported

if TYPE_CHECKING:
    from jsonschema import Draft7Validator

_MODES = {"mode", "defaultMode"}
_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a map",
    "string": "text",
}
# A message lists at most this many fields.
_MAX_LISTED = 10


class KubernetesObject(FieldType[Any]):
    """A Kubernetes object, a list of Kubernetes objects, or a Python object by `$import`.

    With `is_templated`, each text in it can be a template.
    """

    hint = "write it as in Kubernetes' documentation"

    def __init__(self, definition: str, *, is_list: bool = False, is_templated: bool = False) -> None:
        words = f"Kubernetes' `{definition}`" if "/" not in definition else "a map of names to strings"
        self.words = f"a list of {words}" if is_list else words
        self.is_templated = is_templated
        self._definition = definition
        self._is_list = is_list

    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        if isinstance(node, MapNode) and (marker := marker_of(node)) is not None:
            if not isinstance(marker, Imported):
                raise InvalidError("the only marker for a Kubernetes object is `$import`", self.hint)
            return marker
        if not isinstance(node, ListNode if self._is_list else MapNode):
            raise self._wrong(node)
        scalars = ((each, self._wrong_scalar(each)) for each in _scalars(node))
        problems = [error.at(scalar.location) for scalar, error in scalars if error]
        for difference in _validator(self._definition, is_list=self._is_list).iter_errors(_data(node)):
            problems += _diagnostics(difference, node)
        for problem in problems:
            report(problem)
        return None if problems else _data(node)

    def _wrong_scalar(self, scalar: Scalar) -> InvalidError | None:
        try:
            check_scalar(scalar)
            if is_template(scalar.text) and not self.is_templated:
                return InvalidError("Airflow renders no templates here", "write the value itself", rules.TEMPLATE)
            check_template(scalar.text)
        except InvalidError as error:
            return error
        return None

    def json_schema(self) -> JsonSchema:
        item = {"type": "object"}
        return {"anyOf": [{"type": "array", "items": item}, item]} if self._is_list else item


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _scalars(item)
    else:
        for entry in node.entries.values():
            yield from _scalars(entry.value)


def _data(node: Node) -> Any:  # noqa: ANN401  # any JSON value
    """Return the node as plain data without nulls, which Kubernetes ignores."""
    if isinstance(node, ListNode):
        return [_data(item) for item in node.items]
    if isinstance(node, MapNode):
        given = {name: entry.value for name, entry in node.entries.items() if not is_null(entry.value)}
        return {name: _mode(value) if name in _MODES else _data(value) for name, value in given.items()}
    return python_value(node)


def _mode(node: Node) -> Any:  # noqa: ANN401
    """Return a file mode; an octal number, as in Kubernetes' documentation, is converted: 0400 is 256."""
    octal = re.fullmatch(r"0o?([0-7]{3,4})", node.text) if isinstance(node, Scalar) and node.kind == "str" else None
    return int(octal[1], 8) if octal else _data(node)


@cache
def _validator(definition: str, *, is_list: bool) -> Draft7Validator:
    # The import takes a tenth of a second, and few schedules need it.
    from jsonschema import Draft7Validator  # noqa: PLC0415

    schema: JsonSchema = {"$ref": f"#/definitions/{definition}"}
    whole = {"type": "array", "items": schema} if is_list else schema
    # In draft 7, a validator ignores keys next to a `$ref`, but resolves references to them.
    return Draft7Validator({**whole, "definitions": _definitions()})


@cache
def _definitions() -> Mapping[str, Any]:
    """Return the definitions, with their names as titles for messages."""
    data = json.loads(Path(__file__).with_name("definitions.json").read_text(encoding="utf-8"))["definitions"]
    return {name: {"title": name, **definition} for name, definition in data.items()}


def in_a_pod(name: str) -> str:
    """Return a hint for a field of a pod or its container that is not an argument of the operator."""
    if name in _definitions()["PodSpec"]["properties"]:
        return f"write `pod_template_dict: {{spec: {{{name}: ...}}}}`"
    if name in _definitions()["Container"]["properties"]:
        return f"write `pod_template_dict: {{spec: {{containers: [{{name: base, {name}: ...}}]}}}}`"
    return ""


def _diagnostics(error: Any, root: Node) -> Iterator[Diagnostic]:  # noqa: ANN401  # of jsonschema
    """Yield the diagnostics for a validation error, at its node."""
    value, schema = error.instance, error.schema
    node = _at(root, error.absolute_path)
    is_open = isinstance(node, Scalar) and is_template(node.text) and error.validator in {"enum", "pattern"}
    if is_open or (isinstance(node, Scalar) and node.kind == "trap"):
        return
    title = schema.get("title", "the object")
    if error.validator == "additionalProperties" and isinstance(node, MapNode):
        fields = schema.get("properties", {})
        few = "expected one of " + ", ".join(f"`{name}`" for name in fields) if len(fields) <= _MAX_LISTED else ""
        for name in (name for name in value if name not in fields):
            message = f"{quoted(name)} is not a field of Kubernetes' {title}"
            hint = nearest(name, fields) or few or "see `kubectl explain`"
            yield Diagnostic(rules.UNKNOWN_KEY, message, node.entries[name].key_location, hint)
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in value:
                message = f"Kubernetes' {title} requires `{name}`"
                yield Diagnostic(rules.MISSING_KEY, message, node.location, f"add `{name}`")
    elif error.validator == "enum":
        known = [word for word in error.validator_value if word]
        hint = nearest(str(value), known) or f"expected one of {', '.join(known)}"
        yield Diagnostic(rules.INVALID_VALUE, f"{quoted(str(value))} is not a valid value", node.location, hint)
    elif error.validator == "pattern":
        message = f"{quoted(str(value))} is not a quantity"
        yield Diagnostic(rules.INVALID_VALUE, message, node.location, QUANTITY_HINT)
    else:
        types = error.validator_value if error.validator == "type" else "string"
        expected = " or ".join(_TYPES[each] for each in ([types] if isinstance(types, str) else types))
        hint = f'quote it: "{node.text}"' if isinstance(node, Scalar) and types == "string" else ""
        if isinstance(node, Scalar) and types == "integer" and node.text.isdecimal():
            hint = "remove the quotes"
        yield Diagnostic(rules.INVALID_VALUE, f"expected {expected}, got {type_name(node)}", node.location, hint)


def _at(node: Node, path: Any) -> Node:  # noqa: ANN401  # of jsonschema
    for part in path:
        if isinstance(node, ListNode):
            node = node.items[part]
        elif isinstance(node, MapNode):
            node = node.entries[part].value
    return node
