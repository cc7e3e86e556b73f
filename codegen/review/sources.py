"""Makes the behaviour of a DAG from its plan, or from the text of its generated file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from codegen.plan import DagModule
from codegen.render.source_text import code
from codegen.review.behaviour import Behaviour
from codegen.values import Value

STATE_ID = re.compile(r"--state-id=[^\s\"']+")


def from_plan(module: DagModule) -> Behaviour:
    """The behaviour that a file will have; values are Python source, in which `1`, `1.0` and `True` differ."""
    (dag,) = module.dags
    tasks = {
        task.task_id: {
            "operator": task.operator,
            "upstream": task.upstream,
            "group": group.group_id,
            **{argument.name: _source(argument.value) for argument in task.arguments},
        }
        for group in dag.groups
        for task in group.tasks
    }
    fields = {
        **{argument.name: _source(argument.value) for argument in dag.arguments},
        "doc": module.doc,
        # Two operators of one name can be of two modules.
        "imports": module.imports,
        "functions": {function.name: function for function in (*module.functions, *dag.functions)},
        "alert_texts": module.alert_texts,
        "project_root_variable": module.project_root_variable,
        "state_ids": _state_ids(tasks.values()),
    }
    return Behaviour(fields, tasks)


def from_source(text: str) -> Behaviour | None:
    """The behaviour that a generated file has, also of a schedule that was deleted; None for any other text.

    Ids and values are Python source, laid out in one way.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    fields: dict[str, object] = {}
    tasks: dict[str, dict[str, object]] = {}
    order = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
            order.append(ast.unparse(node))
        elif isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            arguments = {keyword.arg or "**": ast.unparse(keyword.value) for keyword in node.keywords}
            if function == "DAG":
                fields |= arguments
            elif function == "TaskGroup":
                order.append(ast.unparse(node))
            elif "task_id" in arguments:
                tasks[arguments["task_id"]] = {"operator": function, **arguments}
    if "dag_id" not in fields:
        return None
    definitions = [node for node in tree.body if isinstance(node, ast.ImportFrom | ast.Assign | ast.FunctionDef)]
    fields |= {
        "doc": ast.get_docstring(tree),
        "definitions": [ast.unparse(node) for node in definitions],
        "order": order,
        "state_ids": _state_ids(tasks.values()),
    }
    return Behaviour(fields, tasks)


def _source(value: Value) -> object:
    if isinstance(value, Mapping):
        return {name: _source(item) for name, item in value.items()}
    return code(value, indent=0)


def _state_ids(tasks: Iterable[Mapping[str, object]]) -> list[str]:
    return [state_id for task in tasks for state_id in STATE_ID.findall(repr(task))]
