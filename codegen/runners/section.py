"""The settings of a container: our keys, and every other argument of its operator under its own name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from codegen.airflow_facts import facts_of
from codegen.diagnostics import Location, quoted
from codegen.keys.containers import Data
from codegen.keys.field_type import FieldType
from codegen.keys.section import Section
from codegen.keys.table import Key, Model, Refusal, Table, keys_of
from codegen.keys.texts import refuse_unspeakable

# The type of an argument by its name and its annotation; None for the type that its annotation says.
TypeOf = Callable[[str, str], FieldType[Any] | None]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class OperatorSettings(Model):
    """The settings of a task in a container.

    Attributes:
        arguments: those of its operator that are no keys of ours.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)


S = TypeVar("S", bound=OperatorSettings)


class OperatorSection(Section[S]):
    """A map with our keys and the arguments of an operator; one that the operator lacks is an argument too.

    Attributes:
        operator: the full name of the operator.
        computed: why an argument cannot be set, and what to write instead.
    """

    def __init__(
        self,
        model: type[S],
        name: str,
        operator: str,
        computed: Mapping[str, Refusal],
        type_of: TypeOf = lambda _name, _annotation: None,
    ) -> None:
        super().__init__(model, name, "a map of settings")
        self.operator = operator
        self.computed = computed
        self._type_of = type_of
        self._airflow = ""

    def of(self, airflow: str) -> OperatorSection[S]:
        """The same with the arguments that the operator has in a version of Airflow."""
        bound = OperatorSection(self.model, self.name, self.operator, self.computed, self._type_of)
        bound._airflow = airflow
        return bound

    @cached_property
    def rows(self) -> Mapping[str, Key]:
        own = keys_of(self.model)
        if not self._airflow:
            return own
        facts = facts_of(self._airflow).classes[self.operator]["arguments"]
        others = {name: self._row(name, facts[name]) for name in facts if not self._refuse(name) and name not in own}
        return {**own, **others}

    def _row(self, name: str, annotation: str) -> Key:
        type_ = self._type_of(name, annotation) or Data(lambda scalar: refuse_unspeakable(scalar.text))
        return Key(name=name, type=type_, group=self.model.reference_group, doc="", example="")

    def _table(self, names: Iterable[str]) -> Table:
        others = (name for name in names if name not in self.rows and _NAME.fullmatch(name) and not self._refuse(name))
        return Table({**self.rows, **{name: self._row(name, "") for name in others}}, self._refuse)

    def _refuse(self, name: str) -> Refusal | None:
        if name in self.computed:
            return self.computed[name]
        if name in {*facts_of(self._airflow).operator, "task_id"} - keys_of(self.model).keys():
            instead = "use `id` of the task" if name == "task_id" else f"write it outside of `{self.name}`"
            return f"{quoted(name)} is an argument of every operator", instead
        return None

    def _model(self, values: Mapping[str, Any], at: Mapping[str, Location]) -> S:
        own = {name: value for name, value in values.items() if name in keys_of(self.model)}
        return self.model(**own, arguments={name: values[name] for name in values if name not in own}, at=at)
