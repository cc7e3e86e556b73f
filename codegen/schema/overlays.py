"""What a schedule says for each deployment environment: any of its keys but those that say which schedule it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codegen import rules
from codegen.diagnostics import Diagnostic
from codegen.keys.containers import MapOf
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.table import Table, read_keys
from codegen.source.nodes import MapNode, Node

# What says which schedule it is and where it is, so that no environment has it otherwise.
_SAME_EVERYWHERE = {"name", "environments", "only"}


class _Overlay(FieldType[Mapping[str, Any]]):
    """The keys of one environment."""

    words = "a map of keys"
    hint = "write `key: value` lines, or remove it"

    def __init__(self, table: Callable[[], Table]) -> None:
        self._table = table

    def _read(self, node: Node, report: Report) -> Mapping[str, Any]:
        entries = self._entries(node)
        for name in _SAME_EVERYWHERE & entries.keys():
            message = f"`{name}` is the same in all environments"
            hint = "set it outside of `environments`"
            report(Diagnostic(rules.UNKNOWN_KEY, message, entries[name].key_location, hint))
        own = {name: entry for name, entry in entries.items() if name not in _SAME_EVERYWHERE}
        return read_keys(self._table(), MapNode(own, node.location), report, "a schedule")[0]

    def json_schema(self) -> JsonSchema:
        return {"$ref": "#/definitions/overlay"}

    def definition(self) -> JsonSchema:
        """The keys of an environment, each as it is in the schedule itself."""
        names = [name for name in self._table().rows if name not in _SAME_EVERYWHERE]
        properties = {name: {"$ref": f"#/properties/{name}"} for name in names}
        return {"type": "object", "additionalProperties": False, "properties": properties}


class Overlays(MapOf[Mapping[str, Any]]):
    """A map of deployment environments to keys. The loader checks their names."""

    def __init__(self, table: Callable[[], Table]) -> None:
        hint = "write the name of an environment, and its keys below it"
        self.overlay = _Overlay(table)
        super().__init__("a map of deployment environments to keys", None, self.overlay, hint=hint)
