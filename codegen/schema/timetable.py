"""A timetable class as the interval; only Airflow can compute its runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codegen import rules
from codegen.airflow_facts import VERSIONS, facts_of
from codegen.diagnostics import InvalidError, nearest, quoted
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.markers import Template
from codegen.keys.model import Model, model
from codegen.keys.operator_arguments import Arguments
from codegen.keys.section import Section
from codegen.keys.table import Table, key
from codegen.keys.texts import IntervalText
from codegen.schema.task_types import Uses
from codegen.source.nodes import Entry, MapNode, Node, Scalar
from codegen.text.jinja import is_template
from codegen.values import Output, parts_of


@model(frozen=True, kw_only=True)
class CustomTimetable(Model):
    """A timetable class with its arguments."""

    reference_group = "a timetable"

    uses: str = key(
        Uses("a timetable", "DeltaTriggerTimetable"),
        "The timetable: the class name if Airflow includes it, otherwise the full name.",
        "DeltaTriggerTimetable",
        "",
    )
    with_: Mapping[str, Any] = key(
        Arguments(), "The arguments of the timetable. A value can be a Python object: `$import`.", "{delta: 5h}", {}
    )


class _TimetableSection(Section[CustomTimetable]):
    """A map with `uses` and `with`; without a version of Airflow, the arguments have no types."""

    def __init__(self, airflow: str) -> None:
        super().__init__(CustomTimetable, "timetable", "a timetable", required=("uses",))
        self._airflow = airflow

    def _table(self, given: Mapping[str, Entry]) -> Table:
        table, uses = super()._table(given), given["uses"].value
        if not self._airflow or not isinstance(uses, Scalar):
            return table
        arguments = Arguments(facts_of(self._airflow).class_of(uses.text))
        return replace(table, rows={**table.rows, "with": replace(table.rows["with"], type=arguments)})

    def _checked(self, timetable: CustomTimetable) -> CustomTimetable:
        if self._airflow:
            self._check_class(timetable)
        for part in parts_of(timetable.with_):
            if isinstance(part, Output | Template) or (isinstance(part, str) and is_template(part)):
                message = "Airflow renders no templates and resolves no XComs in a timetable"
                raise InvalidError(message, "write the value itself", rules.TEMPLATE)
        return timetable

    def _check_class(self, timetable: CustomTimetable) -> None:
        """Refuse a class name without a module that the configured Airflow does not have."""
        facts, name = facts_of(self._airflow), timetable.uses
        if "." not in name and name not in facts.timetables:
            having = [version for version in VERSIONS if name in facts_of(version).timetables]
            hint = f"it exists in {having[0]} to {having[-1]}" if having else nearest(name, facts.timetables)
            raise InvalidError(
                f"Airflow {self._airflow} has no timetable {quoted(name)}",
                hint or "for a timetable from a plugin, write the full name: my_company.timetables.Workdays",
                rules.INVALID_INTERVAL,
            )


class IntervalType(FieldType[str | CustomTimetable]):
    """An interval as text, or a map with a timetable."""

    words = "an interval"

    def __init__(self, airflow: str = "") -> None:
        self._text = IntervalText(self.words)
        self.timetable = _TimetableSection(airflow)

    def _read(self, node: Node, report: Report) -> str | CustomTimetable | None:
        return (self.timetable if isinstance(node, MapNode) else self._text).read(node, report)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self._text.json_schema(), self.timetable.reference()]}


TIMETABLE = IntervalType().timetable
