"""What a schedule says for each deployment environment: any of its keys but those that say which schedule it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError
from codegen.keys.table import read_keys
from codegen.source.nodes import MapNode, Node, named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codegen.keys.table import Table
    from codegen.keys.types import JsonSchema, Report

# What says which schedule it is and where it is, so that no environment has it otherwise.
SAME_EVERYWHERE = ("name", "environments", "only")


class Overlays:
    """A map of deployment environments to keys. Whether there is an environment of that name, the loader has looked."""

    words = "a map of deployment environments to keys"
    is_templated = False

    def __init__(self, table: Callable[[], Table]) -> None:
        """Describe it.

        Args:
            table: gives the keys that may stand there, of which this is one.
        """
        self._table = table

    def read(self, node: Node, report: Report) -> Mapping[str, Mapping[str, Any]] | None:
        """The keys that each environment has otherwise, with their values."""
        if not isinstance(node, MapNode):
            hint = "write the name of an environment, and its keys below it"
            report(InvalidError(f"expected {self.words}, got {named(node)}", hint).at(node.location))
            return None
        return {name: self._read_one(entry.value, report) for name, entry in node.entries.items()}

    def _read_one(self, node: Node, report: Report) -> Mapping[str, Any]:
        if not isinstance(node, MapNode):
            hint = "write `key: value` lines, or remove it"
            report(InvalidError(f"expected a map of keys, got {named(node)}", hint).at(node.location))
            return {}
        for name in SAME_EVERYWHERE:
            if name in node.entries:
                message = f"`{name}` is the same in all environments"
                hint = "set it outside of `environments`"
                report(Diagnostic(rules.UNKNOWN_KEY, message, node.entries[name].key_location, hint))
        own = {name: entry for name, entry in node.entries.items() if name not in SAME_EVERYWHERE}
        return read_keys(self._table(), MapNode(own, node.location), report, "a schedule")[0]

    def json_schema(self) -> JsonSchema:
        """A map whose values have the definition that `definition` gives."""
        keys = {"anyOf": [{"$ref": "#/definitions/overlay"}, {"type": "null"}]}
        return {"type": "object", "additionalProperties": keys}

    def definition(self) -> JsonSchema:
        """The keys of one environment, each as it is in the schedule itself."""
        names = [name for name in self._table().rows if name not in SAME_EVERYWHERE]
        properties = {name: {"$ref": f"#/properties/{name}"} for name in names}
        return {"type": "object", "additionalProperties": False, "properties": properties}
