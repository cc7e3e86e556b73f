"""The type of environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import KeyName, MapOf
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.texts import check_characters
from codegen.source.nodes import Node, Scalar, is_null
from codegen.text.jinja import check_template

# Bash reads these variables when it starts, or sets them (bash(1), "Shell Variables").
_BASH_NAMES = re.compile(
    "_|BASH.*|COMP_WORDBREAKS|DIRSTACK|ENV|EPOCHREALTIME|EPOCHSECONDS|EUID|FUNCNAME|GROUPS|HISTCMD|IFS|LINENO|OLDPWD|"
    "OPTERR|OPTIND|PIPESTATUS|POSIXLY_CORRECT|PPID|PS1|PS4|PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID"
)
# Linux limits `NAME=value` with its final NUL to 128 KiB (MAX_ARG_STRLEN in linux/binfmts.h).
_MAX_VARIABLE_BYTES = 128 * 1024 - 1


def _check_owner(name: str) -> None:
    """Refuse a name that Airflow, bash or a generated command uses."""
    if name.startswith("AIRFLOW_CTX_"):
        raise InvalidError(f"Airflow sets {quoted(name)} for each task", "choose another name")
    if _BASH_NAMES.fullmatch(name):
        raise InvalidError(f"{quoted(name)} is a variable of bash, which runs the task", "choose another name")
    if re.fullmatch(r"ARGUMENT_\d+", name):
        raise InvalidError(f"generated commands use {quoted(name)} for their arguments", "choose another name")


ENV_NAME = KeyName(
    "[A-Za-z_][A-Za-z0-9_]*",
    "is not the name of an environment variable",
    "use letters, digits and `_`, not starting with a digit",
    _check_owner,
)


class _EnvValue(FieldType[str]):
    """A value, exactly as written in the file: `1.10` stays `1.10`."""

    words = expected = "a single value"
    hint = "write JSON in single quotes: '{\"a\": 1}'"
    is_templated = True

    def _read(self, node: Node, report: Report) -> str | None:  # noqa: ARG002
        if not isinstance(node, Scalar):
            raise self._wrong(node)
        if is_null(node):
            return None
        check_characters(node.text)
        check_template(node.text)
        return node.text

    def json_schema(self) -> JsonSchema:
        return {"type": ["string", "number", "boolean", "null"]}


class Env(MapOf[str | None]):
    """Environment variables. A null removes a variable of the schedule."""

    def __init__(self) -> None:
        super().__init__("a map of names to values", ENV_NAME, _EnvValue(), is_nullable=False)

    def _read(self, node: Node, report: Report) -> Mapping[str, str | None]:
        variables = super()._read(node, report)
        for name, value in variables.items():
            if len(f"{name}={value}".encode()) > _MAX_VARIABLE_BYTES:
                hint = "put it into a file of the project"
                error = InvalidError("this value is longer than 128 KiB, the limit of Linux for a variable", hint)
                report(error.at(self._entries(node)[name].value.location))
        return variables
