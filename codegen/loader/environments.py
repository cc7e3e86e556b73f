"""Merges the keys for a deployment environment into the other keys of a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null, merge

_KEYS = ("environments", "only")


def environments_of(merged: MapNode, environments: Sequence[str]) -> list[str]:
    """Return the environments that include the schedule: the environments in `only`, or all."""
    only = {scalar.text for scalar in _names(merged.get("only"))} & set(environments)
    return [name for name in environments if not only or name in only]


def for_environment(merged: MapNode, name: str) -> MapNode:
    """Return the schedule with its keys for an environment merged in."""
    parts = merged.get("environments")
    part = parts.get(name) if isinstance(parts, MapNode) else None
    if not isinstance(part, MapNode):
        return merged
    entries = {key: entry for key, entry in part.entries.items() if key not in _KEYS}
    return MapNode(merge(merged, MapNode(entries, part.location)).entries, merged.location)


def check_environments(merged: MapNode, environments: Sequence[str]) -> Iterator[Diagnostic]:
    """Report environments that the project does not have; the schema checks their keys."""
    for key in _KEYS:
        entry = merged.entries.get(key)
        if entry is None or is_null(entry.value):
            continue
        named = _named(entry.value)
        if not environments:
            message = "the project has no environments"
            names = ", ".join(f'"{name}"' for name, _ in named) or '"dev", "prod"'
            hint = f"set environments = [{names}] in the configuration"
            yield Diagnostic(rules.NO_ENVIRONMENTS, message, entry.key_location, hint)
            continue
        for name, location in named:
            if name not in environments:
                hint = nearest(name, environments) or f"expected one of {', '.join(environments)}"
                yield Diagnostic(rules.UNKNOWN_DEPLOYMENT, f"unknown environment {quoted(name)}", location, hint)
        if key == "only" and isinstance(entry.value, ListNode) and not entry.value.items:
            message = "`only` is empty, so no environment includes the schedule"
            yield Diagnostic(rules.INVALID_VALUE, message, entry.value.location, "name one, or delete the schedule")


def _named(node: Node) -> list[tuple[str, Location]]:
    """Return the environments in `environments` or `only`, and their places."""
    if isinstance(node, MapNode):
        return [(name, entry.key_location) for name, entry in node.entries.items()]
    return [(scalar.text, scalar.location) for scalar in _names(node)]


def _names(node: Node | None) -> list[Scalar]:
    """Return the text values of a list, or a single one; the schema reports other values."""
    nodes = node.items if isinstance(node, ListNode) else (node,)
    return [item for item in nodes if isinstance(item, Scalar) and item.kind == "str"]
