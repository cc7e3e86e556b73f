"""The arguments of an operator, with the types of the annotations in Airflow's source."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from codegen import rules
from codegen.airflow_facts import ClassFacts
from codegen.diagnostics import Diagnostic, InvalidError, quoted
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.markers import Const, MarkedValue, Template
from codegen.keys.scalars import DateTime, Duration
from codegen.keys.texts import is_python_keyword
from codegen.keys.value_schema import arguments_map
from codegen.source.nodes import ListNode, Node, Scalar
from codegen.text.jinja import is_template
from codegen.values import Imported, Output

# Whether an argument can be set here: None, or the reason why not and the fix.
Refuse = Callable[[str], tuple[str, str] | None]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Python types by their names in annotations.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "None": (type(None),),
    **dict.fromkeys(("timedelta", "Delta"), (timedelta,)),
    "datetime": (datetime,),
    "DateTime": (datetime,),
    "time": (time,),
    **dict.fromkeys(("dict", "Mapping", "MutableMapping"), (dict,)),
    **dict.fromkeys(("list", "Sequence", "Iterable", "Collection", "tuple", "set", "Container"), (list,)),
    "Callable": (),
    "type": (),
}
_WORDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
    timedelta: "a duration such as `5m`",
    datetime: "a date",
    time: "a time of day such as `06:00`",
    dict: "a map",
    list: "a list",
}
_EXAMPLES: Mapping[type, Any] = {
    str: "...",
    bool: True,
    int: 1,
    float: 1.5,
    timedelta: "5m",
    datetime: "2024-01-31",
    time: "06:00",
    dict: {"name": "value"},
    list: ["..."],
}


class OperatorArgument(MarkedValue):
    """The value of an argument. Text becomes a duration, a date or a time if the annotation allows one."""

    def __init__(self, annotation: str, *, is_templated: bool = False) -> None:
        super().__init__(is_templated=is_templated)
        self._types = types_of(annotation) or ()
        inside = re.search(r"\b(?:Collection|Iterable|Sequence|list)\[(.+)\]", annotation)
        self._item = OperatorArgument(inside[1], is_templated=is_templated) if inside else None

    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        if self._item and isinstance(node, ListNode):
            return [self._item.read(item, report) for item in node.items]
        return super()._read(node, report)

    def _convert(self, scalar: Scalar) -> Any:  # noqa: ANN401
        if scalar.kind in {"str", "timestamp"} and not is_template(scalar.text):
            problems = []
            for kind, convert in _CONVERTED.items():
                if kind in self._types:
                    try:
                        return convert(scalar)
                    except InvalidError as error:
                        problems.append(error)
            if problems and (scalar.kind == "timestamp" or str not in self._types):
                raise problems[-1]
        return super()._convert(scalar)


def _time(scalar: Scalar) -> time:
    try:
        return time.fromisoformat(scalar.text)
    except ValueError as error:
        raise InvalidError(f"{quoted(scalar.text)} is not a time of day", 'write "06:00", or "06:00:30"') from error


# Values that are text in YAML.
_CONVERTED: Mapping[type, Callable[[Scalar], Any]] = {
    timedelta: Duration(may_be_zero=True).convert,
    time: _time,
    datetime: DateTime().convert,
}


def types_of(annotation: str) -> tuple[type, ...] | None:
    """The types in an annotation; None if one of them is unknown."""
    parts = [re.match(r"(?:\w+\.)*(\w+)", part) for part in _alternatives(annotation)]
    names = [part[1] if part else "" for part in parts]
    known = tuple(kind for name in names for kind in _TYPES.get(name, ()))
    is_known = bool(names) and all(name in _TYPES for name in names)
    return known if is_known or set(known) & _CONVERTED.keys() else None


def _alternatives(annotation: str) -> list[str]:
    """The parts of a union: `str | list[str | int]` has two."""
    parts, depth = [""], 0
    for character in annotation:
        depth += (character in "[(") - (character in "])")
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def mismatch(value: Any, annotation: str) -> str:  # noqa: ANN401  # what a type reads
    """The expected types for a value that has none of them; empty for a valid value."""
    expected = types_of(annotation)
    is_open = isinstance(value, Output | Imported | Template | Const) or (isinstance(value, str) and is_template(value))
    if is_open or expected is None or type(value) in expected:
        return ""
    words = [_WORDS[kind] for kind in dict.fromkeys(expected) if kind is not type(None)]
    return " or ".join(words) or "a Python object"


def refused_word(name: str) -> tuple[str, str] | None:
    """Why no call can pass an argument of this name, and what to do instead; None for one that can be passed."""
    if is_python_keyword(name) or name == "self":
        return f"{quoted(name)} is a word of Python's own", "an operator has no argument of this name: remove it"
    return None


def in_words(kind: type) -> str:
    """The name of a value's type; empty for a marker."""
    return _WORDS.get(kind, "")


def example(annotation: str) -> Any:  # noqa: ANN401  # as YAML has it
    """An example value for an annotation; an ellipsis for any text."""
    known = types_of(annotation)
    if known is None:
        return "..."
    kinds = [kind for kind in known if kind is not type(None)]
    return _EXAMPLES[kinds[0]] if kinds else {"$import": "package.module.name"}


class Arguments(FieldType[Mapping[str, Any]]):
    """A map of arguments to values, with types from the facts about a class, if there are any."""

    words = "a map of arguments"
    hint = "write `argument: value` lines"
    is_templated = True

    def __init__(self, facts: ClassFacts | None = None, refuse: Refuse = lambda _: None) -> None:
        self._facts = facts
        self._refuse = refuse

    def _read(self, node: Node, report: Report) -> Mapping[str, Any]:
        values = {}
        for name, entry in self._entries(node).items():
            if refused := self._refusal(name):
                report(Diagnostic(rules.UNKNOWN_KEY, refused[0], entry.key_location, refused[1]))
            else:
                values[name] = self._type_of(name).read(entry.value, report)
        return values

    def _refusal(self, name: str) -> tuple[str, str] | None:
        if not _NAME.fullmatch(name):
            return f"{quoted(name)} is not the name of an argument", "letters, digits and _, as Python has it"
        return refused_word(name) or self._refuse(name)

    def _type_of(self, name: str) -> OperatorArgument:
        if self._facts is None:
            return OperatorArgument("")
        annotation = self._facts.arguments.get(name, "")
        return OperatorArgument(annotation, is_templated=name in self._facts.templated)

    def json_schema(self) -> JsonSchema:
        return arguments_map()

    def known(self) -> dict[str, tuple[type, ...]]:
        """The known types of the arguments."""
        arguments = self._facts.arguments.items() if self._facts else ()
        types = {name: types_of(annotation) for name, annotation in arguments if not self._refusal(name)}
        return {name: each or () for name, each in types.items() if each is not None}
