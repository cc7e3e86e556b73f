"""Types of maps with a fixed set of keys, which are read into models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.keys.containers import without_null_keys
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.model import Model
from codegen.keys.table import Key, Table, keys_of, read_keys
from codegen.source.nodes import Entry, MapNode, Node, has_trap

M = TypeVar("M", bound=Model)


class OneOf(NamedTuple):
    """Requires exactly one of several keys; `{names}` and `{places}` are replaced in the message about `several`."""

    names: tuple[str, ...]
    missing: InvalidError
    several: tuple[str, str]

    def check(self, given: Mapping[str, Entry], place: Location, report: Report, *, last: bool = False) -> str:
        """Return the key that is set. If it is not exactly one, report it and return empty text.

        The diagnostic is at the map, or with `last` at the last of several keys.
        """
        found = {name: given[name].key_location for name in self.names if name in given}
        if len(found) == 1:
            return next(iter(found))
        if not found:
            report(self.missing.at(place))
        else:
            names = " and ".join(f"`{name}`" for name in found)
            places = ", ".join(f"`{name}` at {location}" for name, location in found.items())
            message = self.several[0].format(names=names, places=places)
            report(Diagnostic(rules.MIXED_KINDS, message, [*found.values()][-1] if last else place, self.several[1]))
        return ""


class Section(FieldType[M], Generic[M]):
    """A map with a fixed set of keys, which is read into a model.

    Attributes:
        name: the name in the JSON Schema and in messages, such as `docker`.
        required: the required keys.
        short: the key that is set by a value that is not a map.
    """

    def __init__(
        self, model: type[M], name: str, words: str, *, required: tuple[str, ...] = (), short: str = ""
    ) -> None:
        self.model = model
        self.name = name
        self.words = words
        self.required = required
        self.short = short

    def _read(self, node: Node, report: Report) -> M | None:
        if self.short and not isinstance(node, MapNode):
            node = MapNode({self.short: Entry(node.location, node)}, node.location)
        given = without_null_keys(self._entries(node))
        for name in self.required:
            if name not in given:
                raise self._missing(name)
        problems: list[Diagnostic] = []
        map_ = MapNode(given, node.location)
        values, at = read_keys(self._table(given), map_, problems.append, f"`{self.name}`")
        for problem in problems:
            report(problem)
        is_broken = problems or has_trap(map_)
        return None if is_broken else self._checked(self._model(values, {**at, "": node.location}))

    def of(self, airflow: str) -> Section[M]:  # noqa: ARG002  # most have the same keys in every version
        """Return the section for a version of Airflow."""
        return self

    @property
    def rows(self) -> Mapping[str, Key]:
        """The keys of the map."""
        return keys_of(self.model)

    def _table(self, given: Mapping[str, Entry]) -> Table:  # noqa: ARG002
        """Return the keys that a map with these entries can have."""
        return Table(self.rows)

    def _model(self, values: Mapping[str, Any], at: Mapping[str, Location]) -> M:
        fields = {self.rows[name].field: value for name, value in values.items()}
        return self.model(**fields, at=at)

    def _checked(self, model: M) -> M:
        """Return the model. Raises an `InvalidError` if its values cannot be combined."""
        return model

    def _missing(self, name: str) -> InvalidError:
        return InvalidError(f"`{self.name}` has no `{name}`", f"add `{name}`", rules.MISSING_KEY)

    def reference(self) -> JsonSchema:
        """Return a reference to the definition in the JSON Schema of a schedule."""
        return {"$ref": f"#/definitions/{self.name}"}

    def json_schema(self) -> JsonSchema:
        if not self.short:
            return self.reference()
        return {"anyOf": [keys_of(self.model)[self.short].type.json_schema(), self.reference()]}
