"""The arguments of an operator, with types from the annotations in Airflow's source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from codegen import rules
from codegen.airflow_facts import ClassFacts, facts_of
from codegen.diagnostics import Diagnostic, InvalidError, quoted
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.markers import Const, MarkedValue, Template
from codegen.keys.scalars import DateTime, Duration
from codegen.keys.table import Refusal
from codegen.keys.texts import is_python_keyword
from codegen.keys.value_schema import arguments_map, reference_to
from codegen.source.nodes import ListNode, Node, Scalar
from codegen.text.jinja import is_template
from codegen.values import Imported, Output, parts_of

# Returns why an argument cannot be set, or None if it can.
Refuse = Callable[[str], Refusal | None]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIST = re.compile(r"\b(?:Collection|Iterable|Sequence|list)\[")
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
    """The value of an argument. Text is converted to a duration, a date or a time if the annotation allows it."""

    def __init__(self, annotation: str, *, is_templated: bool = False, takes_results: bool = True) -> None:
        super().__init__(is_templated=is_templated)
        self.types = types_of(annotation)
        self.words = _in_words(self.types) or "a value"
        self._takes_results = takes_results
        start = _LIST.search(annotation)
        inside = annotation[start.end() : annotation.rfind("]")] if start else ""
        self._item = OperatorArgument(inside, is_templated=is_templated) if inside else None

    def _read(self, node: Node, report: Report) -> Any:  # noqa: ANN401
        if self._item and isinstance(node, ListNode):
            value = [self._item.read(item, report) for item in node.items]
        else:
            value = super()._read(node, report)
        if not self._takes_results and any(isinstance(part, Output) for part in parts_of(value)):
            raise InvalidError("`$x` only works in `with`", "use a template such as {{ ti.xcom_pull('extract') }}")
        return value

    def _convert(self, scalar: Scalar) -> Any:  # noqa: ANN401
        types = self.types or ()
        if scalar.kind in {"str", "timestamp"} and not is_template(scalar.text):
            problems = []
            for kind, convert in _CONVERTED.items():
                if kind in types:
                    try:
                        return convert(scalar)
                    except InvalidError as error:
                        problems.append(error)
            if problems and (scalar.kind == "timestamp" or str not in types):
                raise problems[-1]
        return super()._convert(scalar)

    def json_schema(self) -> JsonSchema:
        return {} if self.types is None else reference_to(self.types)


def _time(scalar: Scalar) -> time:
    try:
        return time.fromisoformat(scalar.text)
    except ValueError as error:
        raise InvalidError(f"{quoted(scalar.text)} is not a time of day", 'write "06:00", or "06:00:30"') from error


# The types that are written as text in YAML.
_CONVERTED: Mapping[type, Callable[[Scalar], Any]] = {
    timedelta: Duration(may_be_zero=True).convert,
    time: _time,
    datetime: DateTime().convert,
}


def types_of(annotation: str) -> tuple[type, ...] | None:
    """Return the types in an annotation; None if one of them is unknown."""
    parts = [re.match(r"(?:\w+\.)*(\w+)", part) for part in _alternatives(annotation)]
    names = [part[1] if part else "" for part in parts]
    known = tuple(kind for name in names for kind in _TYPES.get(name, ()))
    is_known = bool(names) and all(name in _TYPES for name in names)
    return known if is_known or set(known) & _CONVERTED.keys() else None


def _alternatives(annotation: str) -> list[str]:
    """Split a union into its parts: `str | list[str | int]` has two."""
    parts, depth = [""], 0
    for character in annotation:
        depth += (character in "[(") - (character in "])")
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def mismatch(value: Any, annotation: str) -> str:  # noqa: ANN401  # any argument
    """Return the expected types if a value has another type; empty for a valid value."""
    expected = types_of(annotation)
    is_open = isinstance(value, Output | Imported | Template | Const) or (isinstance(value, str) and is_template(value))
    if is_open or expected is None or type(value) in expected:
        return ""
    return _in_words(expected) or "a Python object"


def _in_words(types: Iterable[type] | None) -> str:
    kinds = dict.fromkeys(types or ())
    return " or ".join(
        _WORDS[kind] for kind in kinds if kind is not type(None) and not (kind is int and float in kinds)
    )


def refused_word(name: str) -> tuple[str, str] | None:
    """Return why a call cannot pass an argument of this name, and the fix; None for other names."""
    if is_python_keyword(name) or name == "self":
        return f"{quoted(name)} is reserved in Python", "remove it: no operator can have an argument of this name"
    return None


def in_words(kind: type) -> str:
    """Return the name of a value's type; empty for a marker."""
    return _WORDS.get(kind, "")


def example(annotation: str) -> Any:  # noqa: ANN401  # any YAML value
    """Return an example value for an annotation; an ellipsis for text."""
    known = types_of(annotation)
    if known is None:
        return "..."
    kinds = [kind for kind in known if kind is not type(None)]
    return _EXAMPLES[kinds[0]] if kinds else {"$import": "package.module.name"}


class Arguments(FieldType[Mapping[str, Any]]):
    """A map of arguments to values, with types from the facts about a class, if it has any."""

    words = "a map of arguments"
    hint = "write `argument: value` lines"
    is_templated = True

    def __init__(
        self, facts: ClassFacts | None = None, refuse: Refuse = lambda _: None, *, takes_results: bool = True
    ) -> None:
        self._facts = facts
        self._refuse = refuse
        self._takes_results = takes_results

    def _read(self, node: Node, report: Report) -> Mapping[str, Any]:
        values = {}
        for name, entry in self._entries(node).items():
            if refused := self.refusal(name):
                report(Diagnostic(rules.UNKNOWN_KEY, refused[0], entry.key_location, refused[1]))
            else:
                values[name] = self.type_of(name).read(entry.value, report)
        return values

    def refusal(self, name: str) -> Refusal | None:
        """Return why an argument cannot be set, and what to write instead."""
        if not _NAME.fullmatch(name):
            return f"{quoted(name)} is not the name of an argument", "use letters, digits and `_`, as in Python"
        return refused_word(name) or self._refuse(name)

    @property
    def names(self) -> list[str]:
        """The names of the known arguments."""
        return [name for name in self._facts.arguments if not self.refusal(name)] if self._facts else []

    def annotation(self, name: str) -> str:
        """Return the annotation of an argument; empty for an unknown argument."""
        return self._facts.arguments.get(name, "") if self._facts else ""

    def type_of(self, name: str) -> OperatorArgument:
        """Return the type of an argument's values."""
        is_templated = self._facts is not None and name in self._facts.templated
        return OperatorArgument(self.annotation(name), is_templated=is_templated, takes_results=self._takes_results)

    def json_schema(self) -> JsonSchema:
        return arguments_map()


def refusing(computed: Mapping[str, Refusal], airflow: str, place: str) -> Refuse:
    """Return a function that refuses computed arguments, and arguments that every operator has.

    `place` is the key of the map.
    """
    of_every_operator = facts_of(airflow).operator.keys() | {"task_id"}

    def refuse(name: str) -> Refusal | None:
        if name in computed:
            return computed[name]
        if name in of_every_operator:
            instead = "use the task's `id`" if name == "task_id" else f"write it outside of `{place}`"
            return f"{quoted(name)} is an argument of every operator", instead
        return None

    return refuse
