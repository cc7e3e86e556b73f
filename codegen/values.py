"""Values in a generated file as data, such as the arguments of an operator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Identifier:
    """A name in the generated file, such as `__doc__`; in a map, it can have a trailing comment."""

    name: str
    comment: str = ""


@dataclass(frozen=True)
class MeltanoCommand:
    """A shell command after shared constants of the file, such as `MELTANO`."""

    command: str
    preludes: tuple[str, ...] = ("MELTANO",)


@dataclass(frozen=True)
class Call:
    """A call, such as `timedelta(minutes=5)` or `pendulum.datetime(2024, 1, 31, tz="UTC")`."""

    function: str
    positional: tuple[Value, ...] = ()
    keywords: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class Extended:
    """A map that extends a constant of the file: `{**ENV, "DAY": "{{ ds }}"}`."""

    name: str
    entries: Mapping[str, Value]


@dataclass(frozen=True)
class Output:
    """The result (XCom) of an upstream task; `key` selects another XCom of the task."""

    task_id: str
    key: str = ""


@dataclass(frozen=True)
class Imported:
    """A Python object, by its full name, such as `quality.checks.check_rows`."""

    full_name: str


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
    | Extended
    | Output
    | Imported
    | Sequence["Value"]
    | Mapping[str, "Value"]
)


@dataclass(frozen=True)
class Argument:
    """A keyword argument of a call; with the name `**`, an unpacked map."""

    name: str
    value: Value


# The types of most values. Checking them first is several times faster than `isinstance` with the abstract types.
_PLAIN = frozenset({type(None), bool, int, float, str})
_LEAVES = _PLAIN | {timedelta, Identifier, MeltanoCommand, Output, Imported}


def call(function: str, /, *positional: Value, **keywords: Value) -> Call:
    """Create a `Call` with the syntax of the call."""
    return Call(function, positional, arguments_of(keywords))


def arguments_of(values: Mapping[str, Value]) -> tuple[Argument, ...]:
    """Return keyword arguments with these names and values."""
    return tuple(Argument(name, value) for name, value in values.items())


def without_none(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def is_same(one: Value, other: Value) -> bool:
    """Return whether two values are the same in Python source: `1`, `1.0` and `True` differ."""
    return one == other and repr(one) == repr(other)


def names_in(values: Iterable[Value]) -> set[str]:
    """Return the functions and names of the generated file that the values use, such as `timedelta`."""
    names: set[str] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if type(value) in _PLAIN:
            continue
        if isinstance(value, Identifier):
            names.add(value.name)
        elif isinstance(value, timedelta):
            names.add("timedelta")
        elif isinstance(value, MeltanoCommand):
            names.update(value.preludes)
        elif isinstance(value, Call):
            names.add(value.function)
            waiting += value.positional
            waiting += [argument.value for argument in value.keywords]
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, Sequence):
            waiting += value
    return names


def mapped(value: Any, changes: Mapping[type, Callable[[Any], Value]]) -> Value:  # noqa: ANN401  # also of a schedule
    """Return the value with the leaves of some types changed."""
    if change := changes.get(type(value)):
        return change(value)
    if isinstance(value, Call):
        keywords = tuple(Argument(each.name, mapped(each.value, changes)) for each in value.keywords)
        return Call(value.function, tuple(mapped(each, changes) for each in value.positional), keywords)
    if type(value) not in _LEAVES:
        if isinstance(value, Mapping):
            return {name: mapped(item, changes) for name, item in value.items()}
        if isinstance(value, Sequence):
            items = [mapped(item, changes) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
    unchanged: Value = value
    return unchanged


def parts_of(value: Any) -> Iterator[Any]:  # noqa: ANN401  # also the values of a schedule
    """Yield the leaves of a value."""
    if type(value) not in _LEAVES and isinstance(value, Mapping | Sequence):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from parts_of(item)
    else:
        yield value
