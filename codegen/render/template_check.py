"""What a project's own template made of a plan: all of it that runs must be in the file that came out."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from itertools import chain, product
from typing import TYPE_CHECKING

from codegen.diagnostics import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from codegen.plan import DagModule, PlannedDag

Edge = tuple[str, str]


@dataclass(frozen=True)
class Loss:
    """What the template has lost.

    Attributes:
        message: what is missing, or there twice.
        blocks: the blocks that give it, the innermost first.
    """

    message: str
    blocks: tuple[str, ...]


def losses(module: DagModule, source: ast.Module) -> Iterator[Loss]:
    """What the plan has and the source has not.

    Args:
        module: the plan.
        source: what the template gave, parsed.
    """
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call)]
    dag_ids = Counter(filter(None, map(_dag_id, calls)))
    task_ids = Counter(filter(None, (_keyword(call, "task_id") for call in calls)))
    edges = set(_edges(source, _variables(source)))
    for dag in module.dags:
        if not dag_ids[dag.dag_id]:
            yield Loss(f"the DAG {quoted(dag.dag_id)} is missing", ("dag_arguments", "dag"))
        for task in dag.tasks:
            if not task_ids[task.task_id]:
                yield Loss(f"the task {quoted(task.task_id)} is missing", ("task_arguments", "task", "dag"))
        yield from _lost_arrows(dag, edges)
        yield from _lost_groups(dag, calls)
    yield from _lost_names(module, source)
    for what, found, blocks in (("DAGs", dag_ids, ("dag",)), ("tasks", task_ids, ("task", "dag"))):
        for name, count in found.items():
            if count > 1:
                yield Loss(f"{count} {what} have the id {quoted(name)}", blocks)


def _lost_arrows(dag: PlannedDag, edges: Collection[Edge]) -> Iterator[Loss]:
    names = {task.variable: task.task_id for task in dag.tasks if task.variable}
    in_groups = [arrow for group in dag.groups for arrow in group.arrows]
    for arrows, block in ((in_groups, "order_in_group"), (dag.arrows, "order")):
        for before, after in _edges(ast.parse("\n".join(arrows)), names):
            if (before, after) not in edges:
                yield Loss(f"the arrow from {quoted(before)} to {quoted(after)} is missing", (block, "task", "dag"))


def _lost_groups(dag: PlannedDag, calls: Collection[ast.Call]) -> Iterator[Loss]:
    found = {group_id for call in calls for group_id in _group_ids(call)}
    for group in dag.groups:
        heads = ast.walk(ast.parse(f"{group.head}:\n    pass")) if group.head else ()
        for group_id in (each for node in heads if isinstance(node, ast.Call) for each in _group_ids(node)):
            if group_id not in found:
                yield Loss(f"the group {quoted(group_id)} is missing", ("dag",))


def _lost_names(module: DagModule, source: ast.Module) -> Iterator[Loss]:
    """The names of the plan that the code uses, and that nothing in it defines."""
    bound = set(_bound(source))
    loaded = {node.id for node in ast.walk(source) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    imports = ast.parse("\n".join(line for group in module.imports for line in group))
    names = {
        **dict.fromkeys(_bound(imports), ("imports",)),
        **dict.fromkeys(_bound(ast.parse("\n".join(module.alert_texts))), ("alert_texts", "constants")),
        **{function.name: ("function",) for function in module.functions},
        **{name: (name.lower(), "constants") for name in module.preludes},
    }
    for name, blocks in names.items():
        if name in loaded - bound and "*" not in bound:
            yield Loss(f"the code uses {quoted(name)}, which is missing", blocks)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a module defines, and none of those inside its functions and classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.alias):
            yield child.asname or child.name.partition(".")[0]
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        else:
            yield from _bound(child)


def _group_ids(call: ast.Call) -> Iterator[str]:
    """The id of a group that is made here, as far as it stands there as text."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = _text(call.args[0]) if name == "TaskGroup" and call.args else ""
    yield from filter(None, (first, _keyword(call, "group_id")))


def _dag_id(call: ast.Call) -> str:
    """The id of a DAG that is made here, as far as it stands there as text."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name != "DAG":
        return ""
    first = call.args[0] if call.args else None
    return _keyword(call, "dag_id") or (_text(first) if first else "")


def _keyword(call: ast.Call, name: str) -> str:
    return next((_text(keyword.value) for keyword in call.keywords if keyword.arg == name), "")


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _variables(source: ast.Module) -> dict[str, str]:
    """The ids of the tasks that have a name in Python."""
    return {
        target.id: _keyword(node.value, "task_id")
        for node in ast.walk(source)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and _keyword(node.value, "task_id")
    }


def _edges(source: ast.Module, names: Mapping[str, str]) -> Iterator[Edge]:
    """What `a >> b`, `b << a`, `a.set_downstream(b)`, `b.set_upstream(a)` and `chain(a, b)` say.

    Args:
        source: the code.
        names: the ids of tasks, by their names in the code; what has none stays its name.
    """
    for node in ast.walk(source):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
            yield from product(_ends(node.left, names), _ends(node.right, names))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift):
            yield from product(_ends(node.right, names), _ends(node.left, names))
        elif isinstance(node, ast.Call):
            yield from _edges_of_call(node, names)


def _edges_of_call(call: ast.Call, names: Mapping[str, str]) -> Iterator[Edge]:
    others = list(chain.from_iterable(_ends(argument, names) for argument in call.args))
    if isinstance(call.func, ast.Attribute) and call.func.attr == "set_downstream":
        yield from product(_ends(call.func.value, names), others)
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "set_upstream":
        yield from product(others, _ends(call.func.value, names))
    elif isinstance(call.func, ast.Name) and call.func.id == "chain":
        for before, after in zip(call.args, call.args[1:], strict=False):
            yield from product(_ends(before, names), _ends(after, names))


def _ends(node: ast.expr, names: Mapping[str, str]) -> list[str]:
    """The tasks that an operand of an arrow stands for; an arrow stands for its right side, as Airflow has it."""
    if isinstance(node, ast.Name):
        return [names.get(node.id, node.id)]
    if isinstance(node, ast.List | ast.Tuple):
        return [name for item in node.elts for name in _ends(item, names)]
    if isinstance(node, ast.BinOp):
        return _ends(node.right, names)
    return [_keyword(node, "task_id")] if isinstance(node, ast.Call) else []
