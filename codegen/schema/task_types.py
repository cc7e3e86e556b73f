"""Types of values that only tasks use: shell and Meltano commands, Python callables and trigger rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codegen.airflow_facts.context import names
from codegen.airflow_facts.trigger_rules import FORMER_NAMES, TRIGGER_RULES
from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import Data, KeyName, MapOf, TextList
from codegen.keys.field_type import JsonSchema, Report
from codegen.keys.markers import check_scalar
from codegen.keys.scalars import Choice
from codegen.keys.texts import FullName, Name, Text, check_importable, is_python_keyword
from codegen.source.nodes import Node, Scalar
from codegen.text.jinja import check_template
from codegen.text.shell import check_arguments, check_command, words_of

# A YAML value in Python.
Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME_HINT = "use letters, digits and `_`, as in Python"


class Command(Text):
    """A shell command, without trailing line ends."""

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar).rstrip("\n")
        check_command(text)
        return text


class _Arguments(Text):
    """The arguments of a command, such as `meltano`, without the command itself."""

    is_templated = True

    def __init__(self, words: str, program: str) -> None:
        super().__init__(words)
        self._program = program

    def _check(self, text: str) -> None:
        check_arguments(text)
        if words_of(text)[:1] in ([word] for word in self._program.split()):
            raise InvalidError(f"Dagpress adds `{self._program}` itself", "remove it")


_COMMAND = _Arguments("a Meltano command", "meltano")
MELTANO_COMMANDS = TextList("a list of Meltano commands", _COMMAND, is_unique=False)
INVOKE = _Arguments("arguments of `meltano invoke`", "meltano invoke")
# Commands would read a name with a leading dash as an option.
PLUGIN = Name("the name of a plugin", r"[^\-\s][^\s]*", "write a name without spaces, as in meltano.yml")


class Transform(Choice):
    """Whether a transformer runs; `skip`, the default, overrides an inherited value."""

    def read(self, node: Node, report: Report) -> str | None:
        word = super().read(node, report)
        return None if word == "skip" else word


class _TriggerRule(Choice):
    def convert(self, scalar: Scalar) -> str:
        if scalar.text in FORMER_NAMES:
            message = f"{quoted(scalar.text)} is an old name that Airflow 3 does not accept"
            raise InvalidError(message, f"write `{FORMER_NAMES[scalar.text]}`")
        return super().convert(scalar)


TRIGGER_RULE = _TriggerRule(*TRIGGER_RULES)


class Uses(Text):
    """The class name if Airflow includes it, or the full name of any other class."""

    def __init__(self, words: str = "an operator", example: str = "FileSensor") -> None:
        super().__init__(
            words,
            rf"(?:{_NAME}\.)*{_NAME}",
            f"a class name, such as {example}, or the module and the name: my_company.airflow.{example}",
            250,
        )

    def _check(self, text: str) -> None:
        check_importable(text)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"$ref": "#/definitions/operator"}, super().json_schema()]}


CALLABLE = FullName("a Python callable", "write the module and the name, such as quality.checks.rows")


def _check_argument(name: str) -> None:
    if is_python_keyword(name):
        raise InvalidError(f"{quoted(name)} is not the name of an argument", _NAME_HINT)
    # It would replace the variable of the context for the rest of the task.
    if name in names():
        message = f"{quoted(name)} is a variable of Airflow's context"
        raise InvalidError(message, "choose another name; to read the variable, call `get_current_context()`")


def _check_template(scalar: Scalar) -> None:
    check_scalar(scalar)
    check_template(scalar.text)


OP_KWARGS: MapOf[Plain] = MapOf(
    "a map of names to values",
    KeyName(_NAME, "is not the name of an argument", _NAME_HINT, _check_argument),
    Data(_check_template, is_templated=True),
)
