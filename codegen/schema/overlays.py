"""The type of `environments`: the keys of a schedule that differ in a deployment environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codegen import rules
from codegen.diagnostics import Diagnostic
from codegen.keys.containers import MapOf
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.table import Table, read_keys
from codegen.source.nodes import MapNode, Node

# The keys that an environment cannot change.
SAME_EVERYWHERE = {"name", "environments", "only"}


class _Overlay(FieldType[Mapping[str, Any]]):
    """The keys of one environment."""

    words = "a map of keys"
    hint = "write `key: value` lines, or remove it"

    def __init__(self, table: Callable[[], Table]) -> None:
        self._table = table

    def _read(self, node: Node, report: Report) -> Mapping[str, Any]:
        entries = self._entries(node)
        for name in SAME_EVERYWHERE & entries.keys():
            message = f"`{name}` is the same in all environments"
            hint = "set it outside of `environments`"
            report(Diagnostic(rules.UNKNOWN_KEY, message, entries[name].key_location, hint))
        own = {name: entry for name, entry in entries.items() if name not in SAME_EVERYWHERE}
        return read_keys(self._table(), MapNode(own, node.location), report, "a schedule")[0]

    def json_schema(self) -> JsonSchema:
        return {"$ref": "#/definitions/overlay"}


class Overlays(MapOf[Mapping[str, Any]]):
    """A map of deployment environments to keys. The loader checks their names."""

    def __init__(self, table: Callable[[], Table]) -> None:
        hint = "write the name of an environment, and its keys below it"
        super().__init__("a map of environments to keys", None, _Overlay(table), hint=hint)
