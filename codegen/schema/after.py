"""The key `after` of a schedule: the schedules whose success starts it, and the forms in which people write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.keys.table import Section, key, places
from codegen.keys.types import JsonSchema, Name, Report, TextList
from codegen.source.nodes import MapNode, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = TextList("a list of schedules", Name("the name of a schedule"))


@dataclass(frozen=True, kw_only=True)
class After:
    """Other schedules, by their names: one of the two has names."""

    all: tuple[str, ...] = key(
        _NAMES,
        "after other schedules",
        "Starts when each of these has succeeded since it last started so. `after: [a, b]` is the same.",
        "[orders, customers]",
        (),
    )
    any: tuple[str, ...] = key(
        _NAMES,
        "after other schedules",
        "Starts when one of these has succeeded.",
        "[orders, customers]",
        (),
    )
    at: Mapping[str, Location] = places()

    @property
    def names(self) -> tuple[str, ...]:
        """The schedules that are waited for."""
        return self.all or self.any


class AfterSchedules(Section[After]):
    """A map with `all` or `any`, or a list of names, or one name: all of them."""

    def __init__(self) -> None:
        super().__init__(After, "after", "the name of a schedule, a list of them, or a map with `all` or `any`")

    def read(self, node: Node, report: Report) -> After | None:
        """The schedules to wait for, or nothing after reporting what is wrong."""
        problems: list[Diagnostic] = []
        after = self._read(node, problems.append)
        for problem in problems:
            report(problem)
        if after is None or problems:
            return None
        if after.all and after.any:
            message = (
                f"`all` and `any` are mutually exclusive (`all` is at {after.at['all']}, `any` at {after.at['any']})"
            )
            hint = "keep one; `any: null` or `all: null` removes an inherited one"
            report(Diagnostic(rules.MIXED_KINDS, message, node.location, hint))
        elif not after.names:
            hint = "name a schedule, or leave the key out"
            report(InvalidError("there must be at least one schedule", hint).at(node.location))
        return after

    def _read(self, node: Node, report: Report) -> After | None:
        if isinstance(node, MapNode):
            return super().read(node, report)
        names = _NAMES.read(node, report)
        return None if names is None else After(all=names, at={"": node.location})

    def json_schema(self) -> JsonSchema:
        """One of the three forms."""
        name: JsonSchema = {"type": "string", "minLength": 1}
        return {"anyOf": [super().json_schema(), {"type": "array", "minItems": 1, "items": name}, name]}
