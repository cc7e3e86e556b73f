"""Declares the keys of YAML maps as fields of models, and reads maps by them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from keyword import iskeyword
from typing import Any

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, closest, quoted
from codegen.keys.field_type import FieldType, Report
from codegen.keys.model import Model
from codegen.source.nodes import ListNode, MapNode

# Names from Meltano, Airflow and other generators, and former names of keys.
KEY_ALIASES = {
    "task": "tasks",
    "steps": "tasks",
    "cron": "interval",
    "cron_interval": "interval",
    "tap": "extractor",
    "target": "loader",
    "tz": "timezone",
    "crontab": "interval",
    "retry": "retries",
    "depends": "after",
    "upstream": "after",
    "airflow_version": "airflow",
    "depends_on": "after",
    "environment_variables": "env",
    "timeout": "execution_timeout",
    "run_timeout": "dagrun_timeout",
    "paused": "is_paused_upon_creation",
}

# Words in the names of keys that labels spell differently.
_LABEL_WORDS = {
    "config": "settings",
    "dag": "DAG",
    "id": "ID",
    "params": "parameters",
}

# The headings of a schedule's keys in the reference, in order.
_GROUPS = ("a task", "identity", "what runs", "state", "when", "how", "when it goes wrong", "where")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Key:
    """A row of the table of keys.

    Attributes:
        group: the heading in the reference.
        example: a YAML value.
        is_argument: whether the value is passed unchanged to Airflow's argument of the same name.
        owns: other arguments of Airflow that are derived from the value.
        reaches: the kinds of tasks that the key has an effect on; empty for all kinds.
        variable: the environment variable that passes the value to Meltano in a `command`.
        label: the label in a form, if the name is not clear.
    """

    name: str
    type: FieldType[Any]
    group: str
    doc: str
    example: str
    default: Any = None
    is_argument: bool = False
    owns: tuple[str, ...] = ()
    reaches: tuple[str, ...] = ()
    variable: str = ""
    label: str = ""

    @cached_property
    def title(self) -> str:
        """The label in a form, by default derived from the name."""
        words = " ".join(_LABEL_WORDS.get(word, word) for word in self.name.split("_"))
        return self.label or words[:1].upper() + words[1:]

    @cached_property
    def field(self) -> str:
        """The field of the model: the name, with a trailing `_` if it is a Python keyword."""
        return f"{self.name}_" if iskeyword(self.name) else self.name

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """All arguments of Airflow that the key sets."""
        return ((self.name,) if self.is_argument else ()) + self.owns


def key(
    type: FieldType[Any],  # noqa: A002  # the column of `Key`
    doc: str,
    example: str,
    default: Any = None,  # noqa: ANN401
    *,
    is_inherited: bool = False,
    **columns: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401  # as in `dataclasses.field`
    """Declare a field of a model as a key, with the columns of `Key`.

    With `is_inherited`, a missing key is None and inherits the value of the outer map.
    """
    metadata = {"key": {"type": type, "doc": doc, "example": example, "default": default, **columns}}
    if is_inherited:
        return dataclasses.field(default=None, metadata=metadata)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def shared_key(model: type[Model], name: str) -> Any:  # noqa: ANN401  # as above
    """Declare a field as a key of another model, so that both share a row."""
    field = next(each for each in dataclasses.fields(model) if each.name == name)
    return dataclasses.field(default=field.default, metadata=field.metadata)


_KEYS: dict[type[Model], Mapping[str, Key]] = {}


def keys_of(model: type[Model]) -> Mapping[str, Key]:
    """Return the rows of a model's keys by name: its own keys in order, then inherited ones."""
    if model not in _KEYS:
        fields = sorted(dataclasses.fields(model), key=lambda field: field.name not in vars(model)["__annotations__"])
        columns = {field.name: field.metadata["key"] for field in fields if "key" in field.metadata}
        names = {field: field.removesuffix("_") for field in columns}
        _KEYS[model] = {
            names[field]: Key(name=names[field], **{"group": model.reference_group, **row})
            for field, row in columns.items()
        }
    return _KEYS[model]


def grouped(rows: Mapping[str, Key]) -> dict[str, Key]:
    """Sort rows by group, in the order of the reference."""
    groups = [*_GROUPS, *(row.group for row in rows.values())]
    return {row.name: row for row in sorted(rows.values(), key=lambda row: groups.index(row.group))}


# Why a name is not a key, and what to write instead.
Refusal = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Table:
    """The keys of a map, a function that explains other names, and the command that lists the keys."""

    rows: Mapping[str, Key]
    refuse: Callable[[str], Refusal | None] = lambda _: None
    lister: str = "dagpress schema --markdown"


def read_keys(table: Table, node: MapNode, report: Report, noun: str) -> tuple[dict[str, Any], dict[str, Location]]:
    """Read the values and the places of a map's keys, by name; `noun` describes the map in messages."""
    values: dict[str, Any] = {}
    at: dict[str, Location] = {}
    for name, entry in node.entries.items():
        if name not in table.rows:
            report(_unknown_key(name, table, entry.key_location, noun))
            continue
        at[name] = entry.value.location
        if isinstance(entry.value, MapNode):
            at |= {f"{name}.{each}": inner.value.location for each, inner in entry.value.entries.items()}
        elif isinstance(entry.value, ListNode):
            at |= {f"{name}.{number}": item.location for number, item in enumerate(entry.value.items)}
        value = table.rows[name].type.read(entry.value, report)
        if value is not None:
            values[name] = value
    return values, at


def resolve_key(name: str, known: Mapping[str, Key]) -> str:
    """Return the key that a name means: itself, the key for another tool's name, or a similar one; empty if unknown."""
    if name in known:
        return name
    alias = KEY_ALIASES.get(name, "") or next((row.name for row in known.values() if name in row.owns), "")
    return alias if alias in known else closest(name, known)


def _unknown_key(name: str, table: Table, location: Location, noun: str) -> Diagnostic:
    if refused := table.refuse(name):
        message, hint = refused
        return Diagnostic(rules.UNKNOWN_KEY, message, location, hint)
    meant = resolve_key(name, table.rows)
    hint = f"did you mean `{meant}`?" if meant else f"`{table.lister}` lists the keys"
    return Diagnostic(rules.UNKNOWN_KEY, f"{quoted(name)} is not a key of {noun}", location, hint)
