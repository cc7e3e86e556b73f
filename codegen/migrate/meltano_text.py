"""Changes schedules and jobs in the text of Meltano's files, and leaves every other character unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from codegen.diagnostics import InvalidError
from codegen.keys.scalars import DateTime
from codegen.meltano.scalars import meltano_date
from codegen.migrate.items import BOM, KEYS
from codegen.migrate.meltano_item import in_utc
from codegen.secrets.detection import is_secret
from codegen.source.edit import append, remove, set_value
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null
from codegen.source.read import read_yaml

_At = tuple[str | int, ...]


def with_schedule(text: str, data: Mapping[str, Any], head: list[str]) -> str:
    """The text with one more schedule, below its comments.

    Raises:
        EditError: it cannot be added in place.
    """
    text = append(text, ("schedules",), data)
    place = items_in(text, "schedules")[-1].location
    lines = text.splitlines(keepends=True)
    indent, dash, rest = lines[place.line - 1].partition("-")
    if not dash or indent.strip() or len(indent) + 2 + len(rest) - len(rest.lstrip()) != place.column:
        return text  # A list in brackets has no place for comments.
    end = "\r\n" if lines[place.line - 1].endswith("\r\n") else "\n"
    lines[place.line - 1 : place.line - 1] = [f"{indent}{comment}{end}" for comment in head]
    return "".join(lines)


def with_changed_schedule(text: str, index: int, old: MapNode, new: Mapping[str, Any]) -> str:
    """The text with the keys of a schedule changed whose values differ from the new ones.

    Raises:
        EditError: one of them cannot be changed in place.
    """
    at = ("schedules", index)
    old_env = old.get("env")
    variables = old_env if isinstance(old_env, MapNode) else None
    for key, value in new.items():
        if not (key == "env" and variables) and not _is_same(key, old.get(key), value):
            text = set_value(text, (*at, key), value)
    if variables:
        text = _with_env(text, (*at, "env"), variables, new.get("env", {}))
    is_other_kind = ("job" in new) != bool(text_of_node(old.get("job")))
    for key, entry in old.entries.items():
        is_old = key in KEYS and key not in new and not is_null(entry.value) and not (key == "env" and variables)
        if is_old and (key == "start_date" or is_other_kind):
            text = remove(text, (*at, key))
    return text


def items_in(text: str, key: str) -> list[MapNode]:
    """The items of a list, with an empty map in place of an item that is not a map."""
    root, _ = read_yaml(Path("meltano.yml"), "meltano.yml", text.removeprefix(BOM), strict=False)
    section = root.get(key) if isinstance(root, MapNode) else None
    items = section.items if isinstance(section, ListNode) else ()
    return [item if isinstance(item, MapNode) else MapNode({}, item.location) for item in items]


def text_of_node(node: Node | None) -> str:
    """The text of a scalar without spaces around it; empty for a null and for other nodes."""
    return node.text.strip() if isinstance(node, Scalar) and not is_null(node) else ""


def _with_env(text: str, at: _At, old: MapNode, new: Mapping[str, str]) -> str:
    for name, value in new.items():
        if not _is_same(name, old.get(name), value):
            text = set_value(text, (*at, name), value)
    for name, entry in old.entries.items():
        # The import leaves nulls and secrets in meltano.yml.
        if name not in new and not is_null(entry.value) and not is_secret(name, text_of_node(entry.value)):
            text = remove(text, (*at, name))
    return text


def _is_same(key: str, node: Node | None, value: str | date) -> bool:
    """Whether Meltano reads that value."""
    if not isinstance(node, Scalar):
        return False
    if key == "start_date":
        try:
            return in_utc(DateTime().convert(meltano_date(node)), ZoneInfo("UTC")) == value
        except InvalidError:
            return False
    return not is_null(node) and (node.text == value or (key in KEYS and node.text.strip() == value))
