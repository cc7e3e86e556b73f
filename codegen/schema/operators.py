"""The operator of a task on the worker, and the type of its arguments in `with`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from codegen.airflow_facts import ClassFacts, facts_of
from codegen.diagnostics import quoted
from codegen.keys.operator_arguments import Arguments

_BASH = "BashOperator"
# The operators of the other kinds of tasks, and the keys that set their arguments.
_OF_KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "python": ("PythonOperator", {"python_callable": "python", "op_kwargs": "op_kwargs", "op_args": "op_kwargs"}),
}
_IN_BASH = (_BASH, {"bash_command": "command", "env": "env", "append_env": "env"})


def operator_facts(kind: str, uses: str | None, airflow: str) -> ClassFacts | None:
    """The facts about the operator of a kind of task; None for an operator without facts."""
    name = uses or _OF_KINDS.get(kind, _IN_BASH)[0]
    return facts_of(airflow).class_of(name)


@cache
def arguments_type(kind: str, uses: str | None, airflow: str) -> Arguments:
    """The type of `with` in a task of that kind, for a version of Airflow."""
    decided = {} if uses else _OF_KINDS.get(kind, _IN_BASH)[1]
    of_every_operator = facts_of(airflow).operator.keys() | {"task_id"}

    def refuse(name: str) -> tuple[str, str] | None:
        if name in decided:
            return f"the argument {quoted(name)} is set by the key `{decided[name]}`", f"use `{decided[name]}`"
        if name in of_every_operator:
            where = "use the key `id` of the task" if name == "task_id" else "write it in the task, outside of `with`"
            return f"{quoted(name)} is an argument of every operator", where
        return None

    return Arguments(operator_facts(kind, uses, airflow), refuse)
