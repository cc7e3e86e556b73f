"""Merges the keys of a schedule for one environment into its other keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null, merge

_KEYS = ("environments", "only")


def environments_of(merged: MapNode, environments: Sequence[str]) -> list[str]:
    """The environments of a project that have the schedule: those of `only`, else all."""
    only = {scalar.text for scalar in _names(merged.get("only"))} & set(environments)
    return [name for name in environments if not only or name in only]


def for_environment(merged: MapNode, name: str) -> MapNode:
    """The schedule with its keys for that environment merged in."""
    parts = merged.get("environments")
    part = parts.get(name) if isinstance(parts, MapNode) else None
    if not isinstance(part, MapNode):
        return merged
    entries = {key: entry for key, entry in part.entries.items() if key not in _KEYS}
    return MapNode(merge(merged, MapNode(entries, part.location)).entries, merged.location)


def check_environments(merged: MapNode, environments: Sequence[str]) -> Iterator[Diagnostic]:
    """Every environment that a schedule names must be one of the project; the schema checks its keys there."""
    for key in _KEYS:
        entry = merged.entries.get(key)
        if entry is None or is_null(entry.value):
            continue
        named = _named(entry.value)
        if not environments:
            message = "the project has no deployment environments"
            names = ", ".join(f'"{name}"' for name, _ in named) or '"dev", "prod"'
            hint = f"set environments = [{names}] in the configuration"
            yield Diagnostic(rules.NO_ENVIRONMENTS, message, entry.key_location, hint)
            continue
        for name, location in named:
            if name not in environments:
                hint = nearest(name, environments) or f"the configuration has {', '.join(environments)}"
                yield Diagnostic(rules.UNKNOWN_DEPLOYMENT, f"there is no environment {quoted(name)}", location, hint)
        if key == "only" and isinstance(entry.value, ListNode) and not entry.value.items:
            message = "`only` names no environment, so no one has the schedule"
            yield Diagnostic(rules.INVALID_VALUE, message, entry.value.location, "name one, or delete the schedule")


def _named(node: Node) -> list[tuple[str, Location]]:
    """The environments that `environments` or `only` names, and their places."""
    if isinstance(node, MapNode):
        return [(name, entry.key_location) for name, entry in node.entries.items()]
    return [(scalar.text, scalar.location) for scalar in _names(node)]


def _names(node: Node | None) -> list[Scalar]:
    """The texts of a list, or a single text; the schema reports other values."""
    nodes = node.items if isinstance(node, ListNode) else (node,)
    return [item for item in nodes if isinstance(item, Scalar) and item.kind == "str"]
