"""The settings of a container: keys of Dagpress, and all other arguments of the operator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from codegen.airflow_facts import facts_of
from codegen.keys.field_type import FieldType
from codegen.keys.model import Model, model
from codegen.keys.operator_arguments import Arguments, refusing
from codegen.keys.section import Section
from codegen.keys.table import Key, Refusal, Table, keys_of


@model(frozen=True, kw_only=True)
class OperatorSettings(Model):
    """The settings of a task in a container.

    Attributes:
        arguments: the arguments of the operator that are not keys of Dagpress.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> Mapping[str, Any]:
        """The arguments that are passed to the operator unchanged."""
        return self.arguments


_ROW = re.compile(r"\| `(\w+)` \| (.+) \|")
S = TypeVar("S", bound=OperatorSettings)


class OperatorSection(Section[S]):
    """A map with keys of Dagpress and arguments of an operator, including unknown arguments.

    Attributes:
        operator: the full name of the operator.
        computed: the reasons why arguments cannot be set, and what to write instead.
        types: the types of arguments, where they are stricter than the annotations.
        docs: the descriptions and examples of arguments, from `arguments.md` of the runner.
    """

    def __init__(
        self, model: type[S], operator: str, computed: Mapping[str, Refusal], types: Mapping[str, FieldType[Any]]
    ) -> None:
        super().__init__(model, model.reference_group, "a map of settings")
        self.operator = operator
        self.computed = computed
        self.types = types
        table = (Path(__file__).parent / self.name / "arguments.md").read_text(encoding="utf-8")
        rows = filter(None, map(_ROW.fullmatch, table.splitlines()))
        self.docs = {row[1]: (row[2].rpartition(" | ")[0], row[2].rpartition(" | ")[2].strip("`")) for row in rows}
        self._arguments = Arguments()

    def of(self, airflow: str) -> OperatorSection[S]:
        """Return the section with the operator's arguments in a version of Airflow."""
        section, refuse = copy(self), refusing(self.computed, airflow, self.name)
        section._arguments = Arguments(facts_of(airflow).class_of(self.operator), refuse, takes_results=False)  # noqa: SLF001
        return section

    @cached_property
    def rows(self) -> Mapping[str, Key]:
        """The keys of Dagpress, then the other arguments of the operator."""
        own = keys_of(self.model)
        return {**own, **{name: self._row(name) for name in self._arguments.names if name not in own}}

    def _row(self, name: str) -> Key:
        doc, example = self.docs.get(name, (self._arguments.annotation(name), ""))
        return Key(name=name, type=self.type_of(name), group=self.name, doc=doc, example=example)

    def type_of(self, name: str) -> FieldType[Any]:
        """Return the type of an argument's values."""
        return self.types.get(name) or self._arguments.type_of(name)

    def _table(self, names: Iterable[str]) -> Table:
        others = (name for name in names if name not in self.rows and not self._arguments.refusal(name))
        return Table({**self.rows, **{name: self._row(name) for name in others}}, self._arguments.refusal)

    def _model(self, values: Mapping[str, Any], at: Mapping[str, Any]) -> S:
        own = keys_of(self.model)
        arguments = {name: value for name, value in values.items() if name not in own}
        return self.model(**{name: value for name, value in values.items() if name in own}, arguments=arguments, at=at)
