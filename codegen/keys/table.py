"""Keys of YAML maps as fields of typed models: how a key is declared, and how a map is read into its model."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location, closest, quoted
from codegen.source.nodes import Entry, MapNode, Node, is_null, named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codegen.keys.types import FieldType, JsonSchema, Report

M = TypeVar("M")

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


# The headings of a schedule's keys in the reference, in order.
_GROUPS = ("a task", "identity", "what runs", "state", "when", "how", "when it goes wrong", "where")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Key:
    """A row of the table of keys.

    Attributes:
        name: the key.
        kind: how its value is read.
        group: the heading in the reference.
        doc: what it means, in one sentence or two.
        example: a YAML value.
        default: what it is where no map gives it.
        argument: the argument of Airflow that gets the value as it is; empty where it becomes something else.
        owns: further arguments of Airflow, which are computed from it.
        reaches: what a task must run for the key to have an effect on it; empty where it may be anything.
    """

    name: str
    kind: FieldType[Any]
    group: str
    doc: str
    example: str
    default: Any = None
    argument: str = ""
    owns: tuple[str, ...] = ()
    reaches: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Every argument of Airflow that the key decides."""
        return tuple(filter(None, (self.argument, *self.owns)))


def key(  # noqa: PLR0913  # the columns of the table
    kind: FieldType[Any],
    group: str,
    doc: str,
    example: str,
    default: Any = None,  # noqa: ANN401
    *,
    argument: str = "",
    owns: tuple[str, ...] = (),
    reaches: tuple[str, ...] = (),
    inherited: bool = False,
) -> Any:  # noqa: ANN401  # a field, as `dataclasses.field` gives it
    """A field of a model that is a key of the YAML. Its columns are those of `Key`.

    Where it is `inherited`, a map that is silent means what the map around it says, so that the field is None; a map
    that has none around it then means the default.
    """
    columns = {"kind": kind, "group": group, "doc": doc, "example": example, "default": default}
    metadata = {"key": {**columns, "argument": argument, "owns": owns, "reaches": reaches}}
    if inherited:
        return dataclasses.field(default=None, metadata=metadata)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def places() -> Any:  # noqa: ANN401  # a field, as `dataclasses.field` gives it
    """The field `at` of a model: where the value of each key stands.

    Of a map, the place of each value in it is under `key.name`; that of the model's own map under `""`.
    """
    return dataclasses.field(default_factory=dict, repr=False, compare=False)


# Each schedule asks for the keys of its models many times.
_KEYS: dict[type[Any], Mapping[str, Key]] = {}


def keys_of(model: type[Any]) -> Mapping[str, Key]:
    """The rows of a model's keys by their names, in the order of its fields."""
    if model not in _KEYS:
        _KEYS[model] = _keys_of(model)
    return _KEYS[model]


def _keys_of(model: type[Any]) -> Mapping[str, Key]:
    # Those of the model itself come first, then those that it shares with others.
    fields = sorted(dataclasses.fields(model), key=lambda field: field.name not in vars(model)["__annotations__"])
    return {field.name: Key(name=field.name, **field.metadata["key"]) for field in fields if "key" in field.metadata}


def grouped(rows: Mapping[str, Key]) -> dict[str, Key]:
    """The rows in the order of the reference: by their groups."""
    groups = [*_GROUPS, *(row.group for row in rows.values())]
    return {row.name: row for row in sorted(rows.values(), key=lambda row: groups.index(row.group))}


# Why a name is no key, and what to write instead.
Refusal = tuple[str, str]


def _no_refusal(_: str) -> Refusal | None:
    return None


@dataclasses.dataclass(frozen=True)
class Table:
    """The keys that a map can have.

    Attributes:
        rows: by their names, in order.
        refuse: says of a name that is none of them why, where it knows.
        lister: the command that lists them.
    """

    rows: Mapping[str, Key]
    refuse: Callable[[str], Refusal | None] = _no_refusal
    lister: str = "dagpress schema --markdown"

    @classmethod
    def of(cls, model: type[Any]) -> Table:
        """The keys of a model."""
        return cls(keys_of(model))


def read_keys(table: Table, node: MapNode, report: Report, noun: str) -> tuple[dict[str, Any], dict[str, Location]]:
    """The values of a map's keys by name, and where each stands.

    Args:
        table: the keys that it can have.
        node: the map.
        report: gets what is wrong with it.
        noun: what has these keys, for the message about a key that is unknown.
    """
    values: dict[str, Any] = {}
    at: dict[str, Location] = {}
    for name, entry in node.entries.items():
        if name not in table.rows:
            report(_unknown_key(name, table, entry.key_location, noun))
            continue
        at[name] = entry.value.location
        if isinstance(entry.value, MapNode):
            at |= {f"{name}.{each}": inner.value.location for each, inner in entry.value.entries.items()}
        value = table.rows[name].kind.read(entry.value, report)
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


def without_null_keys(node: MapNode) -> dict[str, Entry]:
    """The keys that are not null; a null in a map inside it stays."""
    return {name: entry for name, entry in node.entries.items() if not is_null(entry.value)}


class Section(Generic[M]):
    """A map with keys of its own, read into a model with the field `at`."""

    is_templated = False

    def __init__(self, model: type[M], name: str, words: str, required: tuple[str, ...] = ()) -> None:
        """Describe it.

        Args:
            model: a dataclass, its keys declared with `key`.
            name: what the JSON Schema calls it, and messages: `docker`.
            words: what the reference says the value is.
            required: the keys without which a map is none.
        """
        self.model = model
        self.name = name
        self.words = words
        self.required = required

    def read(self, node: Node, report: Report) -> M | None:
        """The model, or nothing after reporting that the node is no map."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        given = MapNode(without_null_keys(node), node.location)
        values, at = read_keys(Table.of(self.model), given, report, f"`{self.name}`")
        make: Callable[..., M] = self.model
        return make(**values, at={**at, "": node.location})

    def json_schema(self) -> JsonSchema:
        """A reference to the definition, which `export` writes."""
        return {"$ref": f"#/definitions/{self.name}"}
