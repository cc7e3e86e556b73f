"""The edits of schedules and jobs in Meltano's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from codegen.diagnostics import InvalidError
from codegen.keys.scalars import DateTime
from codegen.meltano.scalars import meltano_date
from codegen.migrate.items import BOM, KEYS
from codegen.migrate.meltano_item import in_utc
from codegen.secrets.detection import is_sensitive
from codegen.source.edits import Edit, Remove, Set
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null
from codegen.source.positions import Path
from codegen.source.read import parse_yaml


def edits_of_schedule(index: int, old: MapNode, new: Mapping[str, Any]) -> Iterator[Edit]:
    """Change the keys of a schedule whose values differ from the new ones."""
    at = ("schedules", index)
    old_env = old.get("env")
    variables = old_env if isinstance(old_env, MapNode) else None
    for key, value in new.items():
        if not (key == "env" and variables) and not _is_same(key, old.get(key), value):
            yield Set((*at, key), value)
    if variables:
        yield from _edits_of_env((*at, "env"), variables, new.get("env", {}))
    is_other_kind = ("job" in new) != bool(text_of_node(old.get("job")))
    for key, entry in old.entries.items():
        is_old = key in KEYS and key not in new and not is_null(entry.value) and not (key == "env" and variables)
        if is_old and (key == "start_date" or is_other_kind):
            yield Remove((*at, key))


def jobs_in(text: str) -> dict[str, int]:
    """Return the position of each job by its name; of a duplicate name, the first."""
    root, _ = parse_yaml(text.removeprefix(BOM), "meltano.yml", strict=False)
    section = root.get("jobs") if isinstance(root, MapNode) else None
    found: dict[str, int] = {}
    for index, item in enumerate(section.items if isinstance(section, ListNode) else ()):
        if isinstance(item, MapNode):
            found.setdefault(text_of_node(item.get("name")), index)
    return found


def text_of_node(node: Node | None) -> str:
    """Return the text of a scalar without surrounding spaces; empty for a null and for other nodes."""
    return node.text.strip() if isinstance(node, Scalar) and not is_null(node) else ""


def _edits_of_env(at: Path, old: MapNode, new: Mapping[str, str]) -> Iterator[Edit]:
    for name, value in new.items():
        if not _is_same(name, old.get(name), value):
            yield Set((*at, name), value)
    for name, entry in old.entries.items():
        # The import leaves nulls and secrets in meltano.yml.
        if name not in new and not is_null(entry.value) and not is_sensitive(name, text_of_node(entry.value)):
            yield Remove((*at, name))


def _is_same(key: str, node: Node | None, value: str | date) -> bool:
    """Return whether Meltano reads the node as that value."""
    if not isinstance(node, Scalar):
        return False
    if key == "start_date":
        try:
            return in_utc(DateTime().convert(meltano_date(node)), ZoneInfo("UTC")) == value
        except InvalidError:
            return False
    return not is_null(node) and (node.text == value or (key in KEYS and node.text.strip() == value))
