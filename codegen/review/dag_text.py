"""Reads the behaviour of the DAGs from the text of a generated file."""

from __future__ import annotations

import ast
import copy
from collections.abc import Container, Iterable, Iterator, Sequence

from codegen.review.behaviour import Behaviour, state_ids_in
from codegen.sync.blocks import Block, blocks_of
from codegen.sync.dag_code import definitions_used, names_in

_DEFINITIONS = (ast.Assign, ast.FunctionDef, ast.Import, ast.ImportFrom)


def from_source(text: str, sources: Container[str]) -> dict[str, Behaviour]:
    """Return the behaviour of the DAGs in a generated file, by their schedules, which may have been deleted.

    IDs and values are normalized Python source. A DAG has the same behaviour in its own file and in the file of a
    folder: with the values of the constants that it uses, and with the functions and imports that it needs. Invalid or
    too deeply nested Python has none.
    """
    try:
        return dict(_behaviours(blocks_of(text), sources))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _behaviours(blocks: Sequence[Block], sources: Container[str]) -> Iterator[tuple[str, Behaviour]]:
    bodies = [ast.parse(block.text).body for block in blocks]
    for block, body in zip(blocks, bodies, strict=True):
        if block.source in sources:
            module = ast.Module(body if body is bodies[0] else [*bodies[0], *body], [])
            inlining = _Inlining(module)
            others = [inlining.visit(copy.deepcopy(node)) for node in body if not isinstance(node, _DEFINITIONS)]
            definitions = [node for node in module.body if isinstance(node, _DEFINITIONS)]
            if behaviour := _behaviour(others, ast.Module([*definitions], [])):
                yield block.source, behaviour


def _behaviour(nodes: Sequence[ast.stmt], definitions: ast.Module) -> Behaviour | None:
    fields: dict[str, object] = {}
    tasks: dict[str, dict[str, object]] = {}
    order = []
    for node in (inner for each in nodes for inner in ast.walk(each)):
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
                tasks[arguments["task_id"]] = {"operator": function, **dict(sorted(arguments.items()))}
    if "dag_id" not in fields:
        return None
    used = definitions_used(definitions, {name for node in nodes for name in names_in(node)})
    fields |= {
        "definitions": sorted(used.items()),
        "order": order,
        "state_ids": state_ids_in(tasks.values()),
    }
    return Behaviour(fields, tasks)


class _Inlining(ast.NodeTransformer):
    """Replaces names with their values: the maps of a file, and its docstring."""

    def __init__(self, tree: ast.Module) -> None:
        self.maps = dict[str, ast.AST]()
        self._doc = ast.get_docstring(tree, clean=False)
        found = (node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict))
        # In a file that was edited by hand, a map can refer to other maps and to itself: those names stay.
        self.maps = {
            each.id: self.visit(copy.deepcopy(node.value))
            for node in found
            for each in node.targets
            if isinstance(each, ast.Name)
        }

    def visit_Name(self, node: ast.Name) -> ast.AST:  # named by `ast`
        """Replace the name of a map, or of the docstring."""
        if node.id in self.maps:
            return copy.deepcopy(self.maps[node.id])
        return ast.Constant(self._doc) if node.id == "__doc__" else node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        """Merge unpacked maps into a map, and sort its keys."""
        self.generic_visit(node)
        return _merged(zip(node.keys, node.values, strict=True))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Expand unpacked maps into arguments, and `dict(map, ...)` into a map."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "dict" and node.args:
            named = ((ast.Constant(each.arg) if each.arg else None, each.value) for each in node.keywords)
            return _merged([(None, node.args[0]), *named])
        node.keywords = [each for keyword in node.keywords for each in _spread(keyword)]
        return node


def _merged(items: Iterable[tuple[ast.expr | None, ast.expr]]) -> ast.Dict:
    found: dict[str, tuple[ast.expr | None, ast.expr]] = {}
    for key, value in items:
        inner = zip(value.keys, value.values, strict=True) if key is None and isinstance(value, ast.Dict) else ()
        for name, item in [*inner] or [(key, value)]:
            found[ast.unparse(name) if name else f"**{ast.unparse(item)}"] = (name, item)
    ordered = [found[name] for name in sorted(found)]
    return ast.Dict([key for key, _ in ordered], [value for _, value in ordered])


def _spread(keyword: ast.keyword) -> Iterator[ast.keyword]:
    if keyword.arg is None and isinstance(keyword.value, ast.Dict):
        for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
            yield ast.keyword(str(key.value) if isinstance(key, ast.Constant) else None, value)
    else:
        yield keyword
