"""Types of Python objects, which are written as `$import`: one object, a list of objects, and values in a map."""

from __future__ import annotations

from typing import Any

from codegen.keys.containers import Data, KeyName, MapOf
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.markers import check_scalar, marker_of
from codegen.keys.value_schema import object_schema
from codegen.source.nodes import ListNode, MapNode, Node
from codegen.values import Imported


class PythonObject(FieldType[Imported]):
    """A Python object."""

    words = "a Python object"
    hint = "write {$import: package.module.name}"

    def _read(self, node: Node, report: Report) -> Imported:  # noqa: ARG002
        found = marker_of(node) if isinstance(node, MapNode) else None
        if not isinstance(found, Imported):
            raise self._wrong(node)
        return found

    def json_schema(self) -> JsonSchema:
        return object_schema()


class PythonObjects(FieldType[Any]):
    """A Python object, or a list of Python objects."""

    words = "a Python object, or a list of Python objects"
    hint = PythonObject.hint

    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        if isinstance(node, ListNode):
            return [OBJECT.read(item, report) for item in node.items]
        return OBJECT.read(node, report)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [object_schema(), {"type": "array", "items": object_schema()}]}


class _DataWithObjects(Data):
    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        if isinstance(node, MapNode) and any(name.startswith("$") for name in node.entries):
            return OBJECT.read(node, report)
        return super()._read(node, report)


OBJECT = PythonObject()
OBJECT_MAP: MapOf[Imported] = MapOf("a map of names to Python objects", None, OBJECT)
_NAME = KeyName(r"[^$][\s\S]*", "cannot be a name here", "write {name: {$import: package.module.name}}")
# The values are passed to Airflow unchanged.
DATA_MAP: MapOf[Any] = MapOf("a map of names to values", _NAME, _DataWithObjects(check_scalar))
