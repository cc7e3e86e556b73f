"""The key `after` of a schedule: the schedules whose success starts it, and the forms of writing them."""

from __future__ import annotations

from dataclasses import dataclass

from codegen import rules
from codegen.diagnostics import InvalidError
from codegen.keys.containers import TextList
from codegen.keys.field_type import JsonSchema
from codegen.keys.section import Section
from codegen.keys.table import Model, key
from codegen.keys.texts import Name

_NAMES = TextList("a list of schedules", Name("the name of a schedule"))


@dataclass(frozen=True, kw_only=True)
class After(Model):
    """Other schedules, by their names; one of the two is empty."""

    reference_group = "after other schedules"

    all: tuple[str, ...] = key(
        _NAMES,
        "Starts when each of these has succeeded since it last started so. `after: [a, b]` is the same.",
        "[orders, customers]",
        (),
    )
    any: tuple[str, ...] = key(_NAMES, "Starts when one of these has succeeded.", "[orders, customers]", ())

    @property
    def names(self) -> tuple[str, ...]:
        """The schedules that are waited for."""
        return self.all or self.any


class _AfterSection(Section[After]):
    """A map with `all` or `any`, or a list of names, or one name: all of them."""

    def _checked(self, after: After) -> After:
        if after.all and after.any:
            places = f"`all` is at {after.at['all']}, `any` at {after.at['any']}"
            hint = "keep one; `any: null` or `all: null` removes an inherited one"
            raise InvalidError(f"`all` and `any` are mutually exclusive ({places})", hint, rules.MIXED_KINDS)
        if not after.names:
            raise InvalidError("there must be at least one schedule", "name a schedule, or leave the key out")
        return after

    def json_schema(self) -> JsonSchema:
        name: JsonSchema = {"type": "string", "minLength": 1}
        return {"anyOf": [self.reference(), {"type": "array", "minItems": 1, "items": name}, name]}


AFTER = _AfterSection(
    After, "after", "the name of a schedule, a list of them, or a map with `all` or `any`", short="all"
)
