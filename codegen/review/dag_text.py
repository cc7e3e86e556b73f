"""Makes the behaviour of the DAGs in the text of a generated file."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence

from codegen.review.behaviour import Behaviour, state_ids_in
from codegen.sync.blocks import Block, blocks_of

_DEFINITIONS = (ast.Assign, ast.FunctionDef, ast.Import, ast.ImportFrom)


def from_source(text: str) -> dict[str, Behaviour]:
    """The behaviour that each DAG in a generated file has, by its schedule, which may have been deleted.

    Ids and values are Python source, laid out in one way. A DAG is the same in a file of its own and in that of a
    folder: with the values of the constants that it uses, and with the functions and imports that it needs.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    inlining = _Inlining(tree)
    definitions = _definitions(tree, inlining)
    found = {}
    head, *blocks = blocks_of(text) or [Block("", 1, "")]
    for block in blocks or [head]:
        lines = range(block.line, block.line + block.text.count("\n") + 1)
        nodes = (node for node in tree.body if node.lineno in lines and not isinstance(node, _DEFINITIONS))
        if behaviour := _behaviour([inlining.visit(copy.deepcopy(node)) for node in nodes], definitions):
            found[block.source] = behaviour
    return found


def _behaviour(nodes: Sequence[ast.stmt], definitions: Mapping[str, tuple[str, set[str]]]) -> Behaviour | None:
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
    used = _closure(_names_in(nodes), definitions)
    fields |= {
        "definitions": sorted(definitions[name][0] for name in used),
        "order": order,
        "state_ids": state_ids_in(tasks.values()),
    }
    return Behaviour(fields, tasks)


class _Inlining(ast.NodeTransformer):
    """Puts the values of the maps of a file in place of their names, and the text of its docstring."""

    def __init__(self, tree: ast.Module) -> None:
        found = (node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict))
        self.maps = {each.id: node.value for node in found for each in node.targets if isinstance(each, ast.Name)}
        self._doc = ast.get_docstring(tree, clean=False)

    def visit_Name(self, node: ast.Name) -> ast.AST:  # the names of `ast`
        """A map, or the docstring."""
        if node.id in self.maps:
            return self.visit(copy.deepcopy(self.maps[node.id]))  # type: ignore[no-any-return]
        return ast.Constant(self._doc) if node.id == "__doc__" else node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        """A map with the items of others, in the order of keys."""
        self.generic_visit(node)
        return _merged(zip(node.keys, node.values, strict=True))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A call with the items of a map as arguments; a copy of a map as a map."""
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


def _definitions(tree: ast.Module, inlining: _Inlining) -> dict[str, tuple[str, set[str]]]:
    """The source of each import, function and text of a file by its name, and the names that it uses."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for each in node.names:
                found[each.asname or each.name.partition(".")[0]] = (
                    f"{module}{each.name} as {each.asname}",
                    set[str](),
                )
        elif isinstance(node, ast.Assign | ast.FunctionDef):
            names = [node.name] if isinstance(node, ast.FunctionDef) else [ast.unparse(each) for each in node.targets]
            inlined = inlining.visit(copy.deepcopy(node))
            found.update({name: (ast.unparse(node), _names_in([inlined]) - {name}) for name in names})
    return found


def _closure(names: set[str], definitions: Mapping[str, tuple[str, set[str]]]) -> set[str]:
    """The names with definitions among some names, and in their definitions."""
    found = names & definitions.keys()
    while more := {name for each in found for name in definitions[each][1]} & definitions.keys() - found:
        found |= more
    return found


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {node.id for each in nodes for node in ast.walk(each) if isinstance(node, ast.Name)}
