"""Keys of YAML maps as fields of typed models: how a key is declared, and how a map is read into its model."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from codegen.diagnostics import Diagnostic, InvalidError, Location, closest, quoted
from codegen.nodes import Entry, MapNode, Node, is_null, named

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from codegen.schema.kinds import JsonSchema, Kind, Report

M = TypeVar("M")

# What people write who come from Meltano, Airflow or another generator.
ALSO_KNOWN_AS = {
    "task": "tasks",
    "steps": "tasks",
    "schedule": "interval",
    "schedule_interval": "interval",
    "cron": "interval",
    "cron_interval": "interval",
    "tap": "extractor",
    "target": "loader",
    "is_paused_upon_creation": "paused",
    "dagrun_timeout": "run_timeout",
    "execution_timeout": "timeout",
    "tz": "timezone",
    "doc_md": "doc",
    "depends_on": "after",
    "task_id": "id",
    "environment_variables": "env",
}


def key(kind: Kind[Any], group: str, doc: str, example: str, default: Any = None) -> Any:  # noqa: ANN401
    """A field of a model that is a key of the YAML.

    Args:
        kind: how its value is read.
        group: the heading in the reference.
        doc: what it means, in one sentence or two.
        example: a YAML value.
        default: what it is where the map is silent.
    """
    metadata = {"kind": kind, "group": group, "doc": doc, "example": example}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def places() -> Any:  # noqa: ANN401  # a field, as `dataclasses.field` gives it
    """The field `at` of a model: where the value of each key stands, and under `""` the map itself."""
    return dataclasses.field(default_factory=dict, repr=False, compare=False)


# Each schedule asks for the keys of its models many times.
_KEYS: dict[type[Any], dict[str, dataclasses.Field[Any]]] = {}


def keys_of(model: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    """The fields of a model that are keys of the YAML, in order."""
    if model not in _KEYS:
        _KEYS[model] = {field.name: field for field in dataclasses.fields(model) if "doc" in field.metadata}
    return _KEYS[model]


def read_keys(
    model: type[Any], node: MapNode, report: Report, noun: str, lister: str = "dagpress schema --markdown"
) -> tuple[dict[str, Any], dict[str, Location]]:
    """The values of a map's keys by name, and where each stands.

    Args:
        model: its fields are the keys that are known.
        node: the map.
        report: gets what is wrong with it.
        noun: what has these keys, for the message about a key that is unknown.
        lister: the command that lists the keys, for the same message.
    """
    known = keys_of(model)
    values: dict[str, Any] = {}
    at: dict[str, Location] = {}
    for name, entry in node.entries.items():
        if name not in known:
            report(_unknown_key(name, known, entry.key_location, noun, lister))
            continue
        at[name] = entry.value.location
        value = known[name].metadata["kind"].read(entry.value, report)
        if value is not None:
            values[name] = value
    return values, at


def meant_by(name: str, known: Collection[str]) -> str:
    """The key that a name stands for: itself, what another tool calls so, or the nearest; empty where there is none."""
    if name in known:
        return name
    alias = ALSO_KNOWN_AS.get(name, "")
    return alias if alias in known else closest(name, known)


def _unknown_key(name: str, known: dict[str, Any], location: Location, noun: str, lister: str) -> Diagnostic:
    meant = meant_by(name, known)
    hint = f"did you mean `{meant}`?" if meant else f"`{lister}` lists them"
    return Diagnostic("unknown-key", f"{quoted(name)} is no key of {noun}", location, hint)


def without_null_keys(node: MapNode) -> dict[str, Entry]:
    """The keys that are not null; a null in a map inside it stays."""
    return {name: entry for name, entry in node.entries.items() if not is_null(entry.value)}


class Section(Generic[M]):
    """A map with keys of its own, read into a model with the field `at`."""

    is_templated = False

    def __init__(self, model: type[M], name: str, words: str) -> None:
        """Describe it.

        Args:
            model: a dataclass, its keys declared with `key`.
            name: what the JSON Schema calls it, and messages: `docker`.
            words: what the reference says the value is.
        """
        self.model = model
        self.name = name
        self.words = words

    def read(self, node: Node, report: Report) -> M | None:
        """The model, or nothing after reporting that the node is no map."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"must be {self.words}, and this is {named(node)}").at(node.location))
            return None
        given = MapNode(without_null_keys(node), node.location)
        values, at = read_keys(self.model, given, report, f"`{self.name}`")
        make: Callable[..., M] = self.model
        return make(**values, at={**at, "": node.location})

    def json_schema(self) -> JsonSchema:
        """A reference to the definition, which `export` writes."""
        return {"$ref": f"#/definitions/{self.name}"}
