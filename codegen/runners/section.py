"""The settings of a container: keys of Dagpress, and all other arguments of its operator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from codegen.airflow_facts import ClassFacts, facts_of
from codegen.diagnostics import InvalidError, Location, quoted
from codegen.keys.field_type import JsonSchema, Report
from codegen.keys.operator_arguments import OperatorArgument, refused_word, types_of
from codegen.keys.section import Section
from codegen.keys.table import Key, Model, Refusal, Table, keys_of
from codegen.keys.value_schema import reference_to
from codegen.source.nodes import Node
from codegen.values import Output, parts_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class OperatorSettings(Model):
    """The settings of a task in a container.

    Attributes:
        arguments: the arguments of its operator without a key of Dagpress.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)


S = TypeVar("S", bound=OperatorSettings)


class OperatorSection(Section[S]):
    """A map with keys of Dagpress and the arguments of an operator, also unknown ones.

    Attributes:
        operator: the full name of the operator.
        computed: why an argument cannot be set, and what to write instead.
    """

    def __init__(self, model: type[S], name: str, operator: str, computed: Mapping[str, Refusal]) -> None:
        super().__init__(model, name, "a map of settings")
        self.operator = operator
        self.computed = computed

    def of(self, airflow: str) -> OperatorSection[S]:
        """The section with the arguments of the operator in a version of Airflow."""
        return _SectionOfAirflow(self, airflow)


class _SectionOfAirflow(OperatorSection[S]):
    def __init__(self, section: OperatorSection[S], airflow: str) -> None:
        super().__init__(section.model, section.name, section.operator, section.computed)
        facts = facts_of(airflow)
        self._of_every_operator = {*facts.operator, "task_id"} - self._own.keys()
        self._facts = facts.class_of(self.operator) or ClassFacts(self.operator, "operator", {}, frozenset(), ())

    @property
    def _own(self) -> Mapping[str, Key]:
        return keys_of(self.model)

    @cached_property
    def rows(self) -> Mapping[str, Key]:
        """The keys of Dagpress, then the other arguments of the operator."""
        others = (name for name in self._facts.arguments if name not in self._own and not self._refuse(name))
        return {**self._own, **{name: self._row(name) for name in others}}

    def _row(self, name: str) -> Key:
        annotation = self._facts.arguments.get(name, "")
        type_ = _Argument(annotation, is_templated=name in self._facts.templated)
        return Key(name=name, type=type_, group=self.model.reference_group, doc=annotation, example="")

    def _table(self, names: Iterable[str]) -> Table:
        others = (name for name in names if name not in self.rows and _NAME.fullmatch(name) and not self._refuse(name))
        return Table({**self.rows, **{name: self._row(name) for name in others}}, self._refuse)

    def _refuse(self, name: str) -> Refusal | None:
        if name in self.computed:
            return self.computed[name]
        if name in self._of_every_operator:
            instead = "use `id` of the task" if name == "task_id" else f"write it outside of `{self.name}`"
            return f"{quoted(name)} is an argument of every operator", instead
        return refused_word(name)

    def _model(self, values: Mapping[str, Any], at: Mapping[str, Location]) -> S:
        arguments = {name: value for name, value in values.items() if name not in self._own}
        own = {name: value for name, value in values.items() if name in self._own}
        return self.model(**own, arguments=arguments, at=at)


class _Argument(OperatorArgument):
    """The value of an argument. Tasks share it, so it cannot be the result of one of them.

    Attributes:
        types: its Python types; None if they are unknown.
    """

    def __init__(self, annotation: str, *, is_templated: bool) -> None:
        super().__init__(annotation, is_templated=is_templated)
        self.types = types_of(annotation)

    def json_schema(self) -> JsonSchema:
        return {} if self.types is None else reference_to(self.types)

    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        value = super()._read(node, report)
        if any(isinstance(part, Output) for part in parts_of(value)):
            raise InvalidError("`$x` works only in `with`", "use a template such as {{ ti.xcom_pull('extract') }}")
        return value


def types_in(section: Section[Any]) -> Iterator[tuple[type, ...]]:
    """The known types of the arguments without a key of Dagpress."""
    for row in section.rows.values():
        if isinstance(row.type, _Argument) and row.type.types is not None:
            yield row.type.types
