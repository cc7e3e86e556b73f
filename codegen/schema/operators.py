"""The operators of tasks that run on the worker, and the types of their arguments in `with`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from codegen.airflow_facts import ClassFacts, facts_of
from codegen.diagnostics import quoted
from codegen.keys.operator_arguments import Arguments, refusing

_BASH = "BashOperator"
# The operators of other kinds of tasks, and the keys that set their arguments.
_OPERATORS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "python": ("PythonOperator", {"python_callable": "python", "op_kwargs": "op_kwargs", "op_args": "op_kwargs"}),
}
_BASH_OPERATOR = (_BASH, {"bash_command": "command", "env": "env", "append_env": "env"})


def operator_facts(kind: str, uses: str | None, airflow: str) -> ClassFacts | None:
    """Return the facts about the operator of a kind of task; None for an unknown operator."""
    name = uses or _OPERATORS.get(kind, _BASH_OPERATOR)[0]
    return facts_of(airflow).class_of(name)


@cache
def arguments_type(kind: str, uses: str | None, airflow: str) -> Arguments:
    """Return the type of `with` in a task of that kind, for a version of Airflow."""
    decided = {} if uses else _OPERATORS.get(kind, _BASH_OPERATOR)[1]
    computed = {
        name: (f"the argument {quoted(name)} is set by the key `{key}`", f"use `{key}`")
        for name, key in decided.items()
    }
    return Arguments(operator_facts(kind, uses, airflow), refusing(computed, airflow, "with"))
