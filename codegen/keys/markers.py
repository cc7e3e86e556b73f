"""Value markers, as in Airflow's own YAML format: XComs, templates, files, constants, and Python objects.

A marker is a map with one key (airflow/sdk/importers/yaml_importer/models.py of Airflow 3.4). Dagpress adds `$import`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, closest, quoted
from codegen.keys.containers import python_value
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.texts import FullName, Text, check_characters
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, type_name
from codegen.text.jinja import check_template
from codegen.values import Imported, Output

# A longer number is probably a mistake; Python refuses thousands of digits.
_MAX_DIGITS = 30
_TASK_ID = Text("a task ID")
_FILE = ("$f", "$file")
_CONSTANTS = frozenset(("$const", *_FILE))


@dataclass(frozen=True)
class Template:
    """A template, `$t`; `file` is the path if it comes from a file."""

    text: str
    file: str = ""


@dataclass(frozen=True)
class Const:
    """A value without templates: `$const`, or `$f` with the path of its file."""

    value: Any
    file: str = ""


OBJECT = FullName(
    "the full name of a Python object", "write the module and the name, such as quality.checks.check_rows"
)


def check_scalar(scalar: Scalar) -> None:
    """Reject an unquoted date, and a number with too many digits."""
    if scalar.kind in {"int", "float"} and len(scalar.text) > _MAX_DIGITS:
        raise InvalidError(f"this number has {len(scalar.text)} characters", f'quote it: "{scalar.text}"')
    if scalar.kind == "timestamp":
        message = f"expected text, a number, true or false, got {type_name(scalar)}"
        raise InvalidError(message, f'quote it: "{scalar.text}"')
    check_characters(scalar.text)


class MarkedValue(FieldType[Any]):
    """Any JSON value, which can contain markers: `Output`, `Imported`, `Template` or `Const`."""

    words = "a value"

    def __init__(self, *, is_templated: bool = False) -> None:
        self.is_templated = is_templated

    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        if isinstance(node, ListNode):
            return [self.read(item, report) for item in node.items]
        if isinstance(node, MapNode):
            if (marker := marker_of(node)) is not None:
                return marker
            return {name: self.read(entry.value, report) for name, entry in node.entries.items()}
        return self._convert(node)

    def _convert(self, scalar: Scalar) -> Any:  # noqa: ANN401
        check_scalar(scalar)
        if self.is_templated:
            check_template(scalar.text)
        return python_value(scalar)

    def json_schema(self) -> JsonSchema:
        return {}


def marker_of(node: MapNode) -> Output | Imported | Template | Const | None:
    """Read a map as a marker; return None for other maps.

    Raises:
        InvalidError: the marker is unknown or invalid, or the map has other keys.
    """
    name = next((name for name in node.entries if name.startswith("$")), None)
    if name is None:
        return None
    if name not in _MARKERS:
        meant = closest(name, _MARKERS)
        hint = f"did you mean `{meant}`?" if meant else "to pass a map with this key, write {$const: {...}}"
        raise InvalidError(f"{quoted(name)} is not a marker, and names that start with `$` are reserved", hint)
    if len(node.entries) > 1:
        other = next(each for each in node.entries if each != name)
        raise InvalidError(
            f"`{name}` must be the only key of its map, but it also has {quoted(other)}", "remove one of them"
        )
    return _MARKERS[name](node.entries[name].value)


def is_marked(value: Any) -> bool:  # noqa: ANN401  # any JSON value
    """Return whether a value is a marker in the form of YAML."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _MARKERS


def as_written(marker: Any) -> Any:  # noqa: ANN401  # any part of a value
    """Return a marker in the form of YAML, and other values unchanged."""
    match marker:
        case Output(task_id=task_id, key=key):
            return {"$x": {"task": task_id, "key": key} if key else task_id}
        case Imported(full_name=full_name):
            return {"$import": full_name}
        case Template(text=text, file=file):
            return {"$t": {"$f": file} if file else text}
        case Const(value=value, file=file):
            return {"$f": file} if file else {"$const": value}
    return marker


def is_constant(node: Node) -> bool:
    """Return whether a value is a marker without templates."""
    return isinstance(node, MapNode) and len(node.entries) == 1 and not _CONSTANTS.isdisjoint(node.entries)


def _output(node: Node) -> Output:
    if isinstance(node, MapNode):
        entries = {name: entry.value for name, entry in node.entries.items()}
        if "task" in entries and not entries.keys() - {"task", "key"}:
            return Output(*(_text(each, _TASK_ID) for each in (entries["task"], entries.get("key")) if each))
        raise InvalidError("`$x` takes `task` and `key`", "write {$x: {task: extract, key: rows}}")
    return Output(_text(node, _TASK_ID))


def _template(node: Node) -> Template:
    text = _file(node.entries[name].value) if isinstance(node, MapNode) and (name := _file_key(node)) else None
    found = Template(text.value, text.file) if text else Template(_text(node, Text("a template")))
    check_template(found.text)
    return found


def _file_key(node: MapNode) -> str | None:
    return next((name for name in _FILE if [*node.entries] == [name]), None)


def _const(node: Node) -> Const:
    return Const(_plain(node))


def _plain(node: Node) -> Any:  # noqa: ANN401  # any JSON value
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    if isinstance(node, MapNode):
        return {name: _plain(entry.value) for name, entry in node.entries.items()}
    check_scalar(node)
    return python_value(node)


def _file(node: Node) -> Const:
    """Return the text of a file that the loader has read, without its final line end."""
    path = _text(node, Text("the path of a file"))
    content = node.content if isinstance(node, Scalar) else None
    if not isinstance(content, str):
        problem = content or Diagnostic(rules.UNREADABLE, f"the file {quoted(path)} was not read", node.location)
        raise InvalidError(problem.message, problem.hint, problem.rule)
    check_characters(content)
    return Const(content.removesuffix("\n"), path)


def _imported(node: Node) -> Imported:
    return Imported(_text(node, OBJECT))


def _text(node: Node, type_: Text) -> str:
    if not isinstance(node, Scalar):
        raise InvalidError(f"expected {type_.words}, got {type_name(node)}")
    return type_.convert(node)


_MARKERS: dict[str, Callable[[Node], Output | Imported | Template | Const]] = {
    **dict.fromkeys(("$x", "$xcom"), _output),
    **dict.fromkeys(("$t", "$template"), _template),
    **dict.fromkeys(_FILE, _file),
    "$const": _const,
    "$import": _imported,
}
