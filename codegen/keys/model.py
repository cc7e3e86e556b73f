"""The base class and the decorator for models of YAML maps."""

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
    # Generating an `__init__` for many fields is slow, and so is calling it.
    model = partial(dataclasses.dataclass, init=False)


@model(frozen=True, kw_only=True, eq=False)
class Model:
    """The base class of models: frozen dataclasses with fields that are declared with `key`.

    Attributes:
        reference_group: the heading of the keys in the reference.
        at: the places of the values, by key. Values in a map or a list are under `key.name` or `key.0`, and the map
            itself is under `""`.
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
        """Set values that are derived from other values."""


# The names of a model's fields, their defaults and their default factories.
_Fields = tuple[frozenset[str], Mapping[str, Any], Mapping[str, Callable[[], Any]]]
_FIELDS: dict[type[Model], _Fields] = {}


def _fields_of(model: type[Model]) -> _Fields:
    if model not in _FIELDS:
        fields = dataclasses.fields(model)
        made = {each.name: each.default_factory for each in fields if callable(each.default_factory)}
        defaults = {each.name: each.default for each in fields if each.default is not dataclasses.MISSING}
        _FIELDS[model] = frozenset(each.name for each in fields), defaults, made
    return _FIELDS[model]
