"""Compares the output of a project's own template with the plan: no DAG, task or dependency may be missing."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise, product

from codegen.diagnostics import quoted
from codegen.plan import DagModule, PlannedDag

Edge = tuple[str, str]
# A message, and the template blocks that write the missing part, innermost first.
Loss = tuple[str, tuple[str, ...]]


def losses(module: DagModule, source: ast.Module) -> Iterator[Loss]:
    """Yield the parts of the plan that are missing or repeated in the output of a template."""
    dag_ids = Counter(_ids(source, "DAG", "dag_id"))
    counts: list[tuple[str, Counter[str], tuple[str, ...]]] = [("DAGs", dag_ids, ("dag",))]
    for dag in module.dags:
        part = _part(dag, module, source)
        counts.append(("tasks", Counter(_task_ids(part)), ("task", "dag")))
        if not dag_ids[dag.dag_id]:
            fix = ": write each of `module.dags`" if len(module.dags) > 1 else ""
            yield (f"the DAG {quoted(dag.dag_id)} is missing{fix}", ("dag_arguments", "dag"))
        yield from _lost_tasks(dag, part)
    yield from _lost_names(module, source)
    for what, ids, blocks in counts:
        yield from ((f"{n} {what} have the ID {quoted(name)}", blocks) for name, n in ids.items() if n > 1)


def _part(dag: PlannedDag, module: DagModule, source: ast.Module) -> ast.AST:
    """Return the `with` block of a DAG in a file with several DAGs, else the whole file."""
    if len(module.dags) == 1:
        return source
    blocks = (node for node in ast.walk(source) if isinstance(node, ast.With))
    return next((block for block in blocks if dag.dag_id in _ids(block.items[0], "DAG", "dag_id")), source)


def _lost_tasks(dag: PlannedDag, source: ast.AST) -> Iterator[Loss]:
    task_ids = set(_task_ids(source))
    for task in dag.tasks:
        if task.task_id not in task_ids:
            yield (f"the task {quoted(task.task_id)} is missing", ("task_arguments", "task", "dag"))
    edges = set(_edges(source, _variables(source)))
    in_groups = [arrow for group in dag.groups for arrow in group.arrows]
    for arrows, block in ((in_groups, "order_in_group"), (dag.arrows, "order")):
        for before, after in (edge for arrow in arrows for edge in product(arrow.left, arrow.right)):
            if (before, after) not in edges:
                yield (f"the dependency {quoted(f'{before} >> {after}')} is missing", (block, "task", "dag"))
    group_ids = set(_ids(source, "TaskGroup", "group_id"))
    for group in dag.groups:
        if group.group_id and group.group_id not in group_ids:
            yield (f"the group {quoted(group.group_id)} is missing", ("dag",))


def _lost_names(module: DagModule, source: ast.Module) -> Iterator[Loss]:
    """Yield the names of the plan that the code uses without a definition."""
    bound = set(_bound(source))
    loaded = {node.id for node in ast.walk(source) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    imported = (name for group in module.imports for each in group for _, name in each.names or [("", each.module)])
    variables = (name for dag in module.dags for name in dag.variables.values() if name)
    names = {
        **dict.fromkeys(variables, ("task", "dag")),
        **dict.fromkeys(imported, ("imports",)),
        **dict.fromkeys(module.alert_texts, ("alert_texts", "constants")),
        **{constant.name: ("defaults", "constants") for constant in module.constants},
        **{constant.name: ("shared", "dag") for dag in module.dags for constant in dag.constants},
        **{function.name: ("function",) for dag in module.dags for function in dag.functions},
        **{function.name: ("default_functions",) for function in module.functions},
        **{name: (name.lower(), "constants") for name in module.preludes},
    }
    for name, blocks in names.items():
        if name in loaded - bound and "*" not in bound:
            yield (f"the code uses {quoted(name)}, which is missing", blocks)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a module defines, without names inside functions and classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.alias):
            yield child.asname or child.name.partition(".")[0]
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        else:
            yield from _bound(child)


def _ids(source: ast.AST, function: str, keyword: str) -> Iterator[str]:
    """Yield the string IDs in calls of a class, positional or by keyword."""
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and function in {getattr(node.func, "attr", ""), getattr(node.func, "id", "")}:
            yield from filter(None, [_keyword(node, keyword) or _text(next(iter(node.args), None))])


def _task_ids(source: ast.AST) -> Iterator[str]:
    yield from filter(None, (_keyword(node, "task_id") for node in ast.walk(source)))


def _keyword(node: ast.AST | None, name: str) -> str:
    """Return the string value of a keyword argument; empty if the node is not a call with one."""
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return next((_text(keyword.value) for keyword in keywords if keyword.arg == name), "")


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _variables(source: ast.AST) -> dict[str, str]:
    """Return the IDs of tasks and groups by their variables."""
    variables: dict[str, str] = {}
    for node in ast.walk(source):
        match node:
            case ast.Assign(targets=targets, value=value) if task_id := _keyword(value, "task_id"):
                variables |= {target.id: task_id for target in targets if isinstance(target, ast.Name)}
            case ast.withitem(context_expr=call, optional_vars=ast.Name(id=name)):
                variables |= {name: each for each in _ids(call, "TaskGroup", "group_id")}  # noqa: B035  # there is one
    return variables


def _edges(source: ast.AST, names: Mapping[str, str]) -> Iterator[Edge]:
    """Yield the edges of `a >> b`, `b << a`, `a.set_downstream(b)`, `b.set_upstream(a)` and `chain(a, b)`."""
    for node in ast.walk(source):
        chain: list[ast.expr] = []
        match node:
            case ast.BinOp(left=left, op=ast.RShift(), right=right):
                chain = [left, right]
            case ast.BinOp(left=left, op=ast.LShift(), right=right):
                chain = [right, left]
            case ast.Call(func=ast.Attribute(value=task, attr="set_downstream"), args=others):
                chain = [task, ast.List(others)]
            case ast.Call(func=ast.Attribute(value=task, attr="set_upstream"), args=others):
                chain = [ast.List(others), task]
            case ast.Call(func=ast.Name(id="chain"), args=chain):
                pass
        for before, after in pairwise(chain):
            yield from product(_ends(before, names), _ends(after, names))


def _ends(node: ast.expr, names: Mapping[str, str]) -> list[str]:
    """Return the tasks and groups on one side of an arrow; the value of an arrow is its right side."""
    match node:
        case ast.Name(id=name):
            return [names.get(name, name)]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [name for item in items for name in _ends(item, names)]
        case ast.BinOp(right=right):
            return _ends(right, names)
    return list(filter(None, [_keyword(node, "task_id")]))
