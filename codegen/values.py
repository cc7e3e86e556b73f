"""Values of a generated file as data: what the argument of an operator can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Identifier:
    """A name of the generated file, such as `__doc__`; in a map, a comment can follow it."""

    name: str
    comment: str = ""


@dataclass(frozen=True)
class MeltanoCommand:
    """A shell command that follows shared constants of the file, such as `MELTANO`."""

    command: str
    preludes: tuple[str, ...] = ("MELTANO",)


@dataclass(frozen=True)
class Call:
    """A call, such as `timedelta(minutes=5)` or `pendulum.datetime(2024, 1, 31, tz="UTC")`."""

    function: str
    positional: tuple[Value, ...] = ()
    keywords: tuple[Argument, ...] = ()


Value = (
    None
    | bool
    | int
    | float
    | str
    | timedelta
    | Call
    | Identifier
    | MeltanoCommand
    | Sequence["Value"]
    | Mapping[str, "Value"]
)


@dataclass(frozen=True)
class Argument:
    """A keyword argument of a call."""

    name: str
    value: Value


def call(function: str, /, *positional: Value, **keywords: Value) -> Call:
    """A call, written as the call itself."""
    return Call(function, positional, arguments_of(keywords))


def arguments_of(values: Mapping[str, Value]) -> tuple[Argument, ...]:
    """The keyword arguments with these names and values."""
    return tuple(Argument(name, value) for name, value in values.items())


def without_none(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values that are given."""
    return {name: value for name, value in values.items() if value is not None}


def names_in(value: Value) -> Iterator[str]:
    """The functions and names of the generated file that the value uses, such as `timedelta`."""
    if isinstance(value, Call):
        yield value.function
        yield from names_in((*value.positional, *(argument.value for argument in value.keywords)))
    elif isinstance(value, timedelta):
        yield "timedelta"
    elif isinstance(value, Identifier):
        yield value.name
    elif isinstance(value, MeltanoCommand):
        yield from value.preludes
    elif isinstance(value, Mapping):
        yield from names_in(tuple(value.values()))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from names_in(part)
