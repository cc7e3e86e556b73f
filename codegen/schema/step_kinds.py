"""The kinds of values that only a task has: commands of the shell and of Meltano, Python callables, trigger rules."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable as Call
from collections.abc import Mapping, Sequence

from codegen.airflow_facts.context import names
from codegen.airflow_facts.trigger_rules import FORMER_NAMES, TRIGGER_RULES
from codegen.diagnostics import InvalidError, quoted
from codegen.keys.types import Choice, JsonSchema, Report, Run, Text, TextList, refuse_unspeakable
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, is_null, named
from codegen.text.jinja import check_template
from codegen.text.shell import check_command, words_of

# A value of YAML as Python has it.
Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]

# What refuses a text.
Check = Call[[str], None]

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# More digits than any number has that a person means; Python itself refuses some thousands.
_MOST_DIGITS = 30


class Command(Text):
    """A command for the shell. Line ends behind it mean nothing, and are left out."""

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar).rstrip("\n")
        check_command(text)
        return text


class _MeltanoCommand(Run):
    """What follows `meltano` on a command line."""

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        if words_of(text)[:1] == ["meltano"]:
            raise InvalidError("`meltano` is there already", "leave it out")
        return text


class MeltanoCommands(TextList):
    """Commands of Meltano, in their order."""

    def __init__(self) -> None:
        super().__init__("a list of commands of Meltano", _MeltanoCommand("a command of Meltano"), each_once=False)


class TriggerRule(Choice):
    """One of Airflow's trigger rules."""

    def __init__(self) -> None:
        super().__init__(*TRIGGER_RULES)

    def convert(self, scalar: Scalar) -> str:
        if scalar.text in FORMER_NAMES:
            message = f"{quoted(scalar.text)} is a former name, which Airflow 3 does not take"
            raise InvalidError(message, f"write `{FORMER_NAMES[scalar.text]}`")
        return super().convert(scalar)


class Callable(Text):
    """A Python callable, by its module and its name."""

    def __init__(self) -> None:
        super().__init__(
            "a Python callable", rf"(?:{_NAME}\.)+{_NAME}", "its module and its name: quality.checks.rows", 250
        )

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        if text.startswith("__future__."):
            raise InvalidError("`__future__` imports only work at the top of a file", "name a callable of yours")
        for part in text.split("."):
            if is_word_of_python(part):
                raise InvalidError(f"{quoted(part)} is a word of Python's own", "rename the module, or the callable")
        return text


class OpKwargs:
    """Keyword arguments of a callable: texts, which may hold templates, numbers, booleans, lists and maps."""

    words = "a map of names to values"
    is_templated = True

    def read(self, node: Node, report: Report) -> Mapping[str, Plain] | None:
        """The arguments that are valid; the others are reported."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        arguments: dict[str, Plain] = {}
        for name, entry in node.entries.items():
            try:
                _check_argument(name)
            except InvalidError as error:
                report(error.at(entry.key_location))
                continue
            arguments[name] = _value(entry.value, report, check_template)
        return arguments

    def json_schema(self) -> JsonSchema:
        """A map of anything, its names those of Python's arguments."""
        return {"type": "object", "propertyNames": {"pattern": f"^{_NAME}$"}}


class Data:
    """A map of names to values, as it is: texts, numbers, booleans, lists and maps."""

    words = "a map of names to values"
    is_templated = False

    def read(self, node: Node, report: Report) -> Plain:
        """The map, or nothing after reporting what is wrong with it."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        return _value(node, report, lambda _: None)

    def json_schema(self) -> JsonSchema:
        """A map of anything."""
        return {"type": "object"}


def _check_argument(name: str) -> None:
    if not re.fullmatch(_NAME, name) or is_word_of_python(name):
        raise InvalidError(f"{quoted(name)} is not the name of an argument", "letters, digits and _, as Python has it")
    # It would replace Airflow's own for the rest of the task.
    if name in names():
        message = f"{quoted(name)} is what Airflow itself calls something in every task"
        raise InvalidError(message, "choose another name; `get_current_context()` gives the callable Airflow's own")


def is_word_of_python(name: str) -> bool:
    """Whether Python takes that name for no argument and no module."""
    return keyword.iskeyword(name) or name == "__debug__"


def _value(node: Node, report: Report, check: Check) -> Plain:
    """The value of an argument, or of a part of it; nothing after reporting what is wrong with it."""
    if isinstance(node, MapNode):
        return {name: _value(entry.value, report, check) for name, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return tuple(_value(item, report, check) for item in node.items)
    if node.kind == "trap" or is_null(node):
        return None
    try:
        return _scalar(node, check)
    except InvalidError as error:
        report(error.at(node.location))
        return None


def _scalar(scalar: Scalar, check: Check) -> bool | float | str:
    if scalar.kind == "bool":
        return scalar.text.lower() == "true"
    if scalar.kind in {"int", "float"}:
        if len(scalar.text) > _MOST_DIGITS:
            raise InvalidError(f"a number of {len(scalar.text)} characters", f'quote it: "{scalar.text}"')
        return int(scalar.text) if scalar.kind == "int" else float(scalar.text)
    if scalar.kind != "str":
        raise InvalidError(
            f"expected text, a number or true or false, got {named(scalar)}", f'quote it: "{scalar.text}"'
        )
    refuse_unspeakable(scalar.text)
    check(scalar.text)
    return scalar.text
