"""Checks nulls in templates: Jinja2 renders a run parameter that is null as the text `None`.

Imports Jinja2, so import this module only for a template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import nodes

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.schema import Schedule
from codegen.schema.param import Param
from codegen.text.jinja import param_of, tree_of

# Filters that convert any value to text, or return a null.
# fmt: off
_TO_TEXT = {
    "capitalize", "center", "ds", "ds_nodash", "e", "escape", "forceescape", "indent", "lower", "replace", "safe",
    "string", "title", "trim", "truncate", "ts", "ts_nodash", "ts_nodash_with_tz", "upper", "urlencode", "wordwrap",
}
# fmt: on
# The tests that are false for a null, in addition to `none` itself.
_NOT_OF_NULL = {"boolean", "float", "integer", "iterable", "mapping", "number", "sequence", "string", "true"}


def check_null_params(text: str, schedule: Schedule, location: Location, default: str = "") -> Iterator[Diagnostic]:
    """Report run parameters that can be null and would render as the text `None`; `default` is for the hint."""
    nullable = {name for name, param in schedule.params.items() if _can_be_null(param)}
    template = tree_of(text) if nullable else None
    for name in dict.fromkeys(_written([template], nullable)) if template else ():
        message = f"the run parameter {quoted(name)} can be null and renders as the text `None`"
        # Replaces only a null, not `0` or `false`. In YAML, most values with templates have single quotes.
        is_text = {"string", "null"}.issuperset(_types(schedule.params[name]) or ["anything"])
        either = (
            f'params.{name} or "{default}"' if is_text else f'"{default}" if params.{name} is none else params.{name}'
        )
        hint = f"write `{{{{ {either} }}}}`, or another default between the quotes"
        yield Diagnostic(rules.NULL_PARAM, message, location, hint)


def _can_be_null(param: Param) -> bool:
    is_anything = not param.type and not param.has_default and param.enum is None
    return "null" in _types(param) or is_anything or None in (param.enum or ())


def _types(param: Param) -> list[str]:
    return [param.type] if isinstance(param.type, str) else param.type or []


def _written(parts: Iterable[nodes.Node], nullable: set[str]) -> Iterator[str]:
    """Yield the parameters that may be null where statements of a template output them."""
    for node in parts:
        if isinstance(node, nodes.If):
            rest = nullable
            for branch in (node, *node.elif_):
                yield from _written(branch.body, rest - _known(branch.test, holds=True))
                rest = rest - _known(branch.test, holds=False)
            yield from _written(node.else_, rest)
        elif isinstance(node, nodes.Output):
            for part in node.nodes:
                yield from _results(part, nullable)
        elif not isinstance(node, nodes.Expr):
            yield from _written(node.iter_child_nodes(), nullable)


def _results(node: nodes.Node | None, nullable: set[str]) -> Iterator[str]:
    """Yield the parameters that an expression outputs as null or as its text."""
    if isinstance(node, nodes.Or):
        # A null on the left side is replaced.
        yield from _results(node.right, nullable - _known(node.left, holds=False))
    elif isinstance(node, nodes.And):
        yield from _results(node.left, nullable)
        yield from _results(node.right, nullable - _known(node.left, holds=True))
    elif isinstance(node, nodes.CondExpr):
        yield from _results(node.expr1, nullable - _known(node.test, holds=True))
        yield from _results(node.expr2, nullable - _known(node.test, holds=False))
    elif node:
        yield from _named(node) & nullable
        for part in node.iter_child_nodes(only=("node", "nodes", "items")) if _returns_null(node) else ():
            yield from _results(part, nullable)


def _returns_null(node: nodes.Node) -> bool:
    """Return whether an expression outputs the nulls in it: some filters, a concatenation, a list."""
    if isinstance(node, nodes.Filter):
        # Without its second argument, `default` replaces only undefined values; a null is defined.
        replaces_null = len(node.args) > 1 or bool(node.kwargs)
        return node.name in _TO_TEXT or (node.name in {"default", "d"} and not replaces_null)
    return isinstance(node, nodes.Concat | nodes.List | nodes.Tuple)


def _known(test: nodes.Node, *, holds: bool) -> set[str]:
    """Return the parameters that cannot be null if a test is true or, with `holds=False`, false."""
    if isinstance(test, nodes.Not):
        return _known(test.node, holds=not holds)
    if isinstance(test, nodes.And | nodes.Or):
        sides = [_known(side, holds=holds) for side in (test.left, test.right)]
        return set.union(*sides) if isinstance(test, nodes.And) == holds else set.intersection(*sides)
    if isinstance(test, nodes.Test):
        is_known = test.name in _NOT_OF_NULL if holds else test.name == "none"
        return _named(test.node) if is_known else set()
    if isinstance(test, nodes.Compare):
        compared = [test.expr, *(operand.expr for operand in test.ops)]
        with_null = any(isinstance(side, nodes.Const) and side.value is None for side in compared)
        is_equal = (test.ops[0].op not in {"ne", "notin"}) == holds
        return set().union(*map(_named, compared)) if is_equal != with_null else set()
    return _named(test) if holds else set()


def _named(node: nodes.Node) -> set[str]:
    name = param_of(node)
    return {name} if name is not None else set()
