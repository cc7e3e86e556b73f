"""The base of the models of YAML maps, and what makes a model of a class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from codegen.diagnostics import Location

__all__ = ["Model", "model"]

if TYPE_CHECKING:
    from dataclasses import dataclass as model
else:
    # An `__init__` of each class takes long to make where there are many fields, and sets one after the other.
    model = partial(dataclasses.dataclass, init=False)


@model(frozen=True, kw_only=True, eq=False)
class Model:
    """The base of a map with keys of its own: a frozen dataclass whose fields are declared with `key`.

    Attributes:
        reference_group: the heading of its keys in the reference.
        at: the place of each key's value; of a value in a map or a list under `key.name` or
            `key.0`, of the model's own map under `""`.
    """

    reference_group: ClassVar[str] = ""

    at: Mapping[str, Location] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        names, defaults, factories = _fields_of(type(self))
        own = vars(self)
        own.update(defaults)
        own.update({name: make() for name, make in factories.items()})
        own.update(values)
        if own.keys() != names:
            raise TypeError(f"unknown or missing fields: {', '.join(own.keys() ^ names)}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Complete the values, such as those that follow from others."""


# The names of a model's fields, their defaults, and the functions that make other defaults.
_Fields = tuple[frozenset[str], Mapping[str, Any], Mapping[str, Callable[[], Any]]]
_FIELDS: dict[type[Model], _Fields] = {}


def _fields_of(model: type[Model]) -> _Fields:
    if model not in _FIELDS:
        fields = dataclasses.fields(model)
        made = {each.name: each.default_factory for each in fields if callable(each.default_factory)}
        defaults = {each.name: each.default for each in fields if each.default is not dataclasses.MISSING}
        _FIELDS[model] = frozenset(each.name for each in fields), defaults, made
    return _FIELDS[model]
