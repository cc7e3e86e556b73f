"""Keys of YAML maps as fields of typed models: how a key is declared, and how a map is read into its model."""

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

# What people write who come from Meltano, Airflow or another generator; and what some keys were once called here.
ALSO_KNOWN_AS = {
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

# The words of names that a label writes in another way.
_IN_WORDS = {
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
        is_argument: whether the argument of Airflow with that name gets the value as it is.
        owns: further arguments of Airflow, which are computed from it.
        reaches: what a task must run for the key to have an effect on it; empty where it may be anything.
        variable: the environment variable that passes it to Meltano in a `command`.
        label: its label in a form, where the name does not read well.
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
        """Its label in a form: the name in words, unless the row has another."""
        words = " ".join(_IN_WORDS.get(word, word) for word in self.name.split("_"))
        return self.label or words[:1].upper() + words[1:]

    @cached_property
    def field(self) -> str:
        """The field of its model: the name, with a trailing `_` if it is a Python keyword."""
        return f"{self.name}_" if iskeyword(self.name) else self.name

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Every argument of Airflow that the key decides."""
        return ((self.name,) if self.is_argument else ()) + self.owns


def key(
    type: FieldType[Any],  # noqa: A002  # the column of `Key`
    doc: str,
    example: str,
    default: Any = None,  # noqa: ANN401
    *,
    is_inherited: bool = False,
    **columns: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401  # a field, as `dataclasses.field` gives it
    """A field of a model that is a key of the YAML, with the columns of `Key`.

    Where it `is_inherited`, a map without the key has the value of the map around it, and the field is None.
    """
    metadata = {"key": {"type": type, "doc": doc, "example": example, "default": default, **columns}}
    if is_inherited:
        return dataclasses.field(default=None, metadata=metadata)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def shared_key(model: type[Model], name: str) -> Any:  # noqa: ANN401  # as above
    """The key of another model: one row for both."""
    field = next(each for each in dataclasses.fields(model) if each.name == name)
    return dataclasses.field(default=field.default, metadata=field.metadata)


_KEYS: dict[type[Model], Mapping[str, Key]] = {}


def keys_of(model: type[Model]) -> Mapping[str, Key]:
    """The rows of a model's keys by their names: its own in their order, then those that it shares with others."""
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
    """The rows in the order of the reference: by their groups."""
    groups = [*_GROUPS, *(row.group for row in rows.values())]
    return {row.name: row for row in sorted(rows.values(), key=lambda row: groups.index(row.group))}


# Why a name is no key, and what to write instead.
Refusal = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Table:
    """The keys that a map can have, why another name is refused, and the command that lists them."""

    rows: Mapping[str, Key]
    refuse: Callable[[str], Refusal | None] = lambda _: None
    lister: str = "dagpress schema --markdown"


def read_keys(table: Table, node: MapNode, report: Report, noun: str) -> tuple[dict[str, Any], dict[str, Location]]:
    """The values of a map's keys by name, and the place of each; `noun` says in messages what has the keys."""
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


def meant_by(name: str, known: Mapping[str, Key]) -> str:
    """The key that a name stands for: itself, what another tool calls so, or the nearest; empty where there is none."""
    if name in known:
        return name
    alias = ALSO_KNOWN_AS.get(name, "") or next((row.name for row in known.values() if name in row.owns), "")
    return alias if alias in known else closest(name, known)


def _unknown_key(name: str, table: Table, location: Location, noun: str) -> Diagnostic:
    if refused := table.refuse(name):
        message, hint = refused
        return Diagnostic(rules.UNKNOWN_KEY, message, location, hint)
    meant = meant_by(name, table.rows)
    hint = f"did you mean `{meant}`?" if meant else f"`{table.lister}` lists them"
    return Diagnostic(rules.UNKNOWN_KEY, f"{quoted(name)} is not a key of {noun}", location, hint)
