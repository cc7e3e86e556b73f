"""Null in templates: Jinja2 writes a run parameter that is null as the text `None`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.text.jinja import param_of, tree_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from jinja2 import nodes

    from codegen.diagnostics import Location
    from codegen.schema import Schedule
    from codegen.schema.param import Param

# The filters that make a text of any value, or give a null back.
# fmt: off
_TO_TEXT = {
    "capitalize", "center", "ds", "ds_nodash", "e", "escape", "forceescape", "indent", "lower", "replace", "safe",
    "string", "title", "trim", "truncate", "ts", "ts_nodash", "ts_nodash_with_tz", "upper", "urlencode", "wordwrap",
}
# fmt: on
# The tests that a null does not pass, beside `none`.
_NOT_OF_NULL = {"boolean", "float", "integer", "iterable", "mapping", "number", "sequence", "string", "true"}
# The comparisons that are false where the two sides are alike.
_UNLIKE = {"ne", "notin"}


def check_null_params(text: str, schedule: Schedule, location: Location, default: str = "") -> Iterator[Diagnostic]:
    """A run parameter that can be null must not become the text `None`.

    Args:
        text: a value in which Airflow evaluates templates.
        schedule: the schedule that it belongs to.
        location: where it stands.
        default: what the text may be instead of a null.
    """
    nullable = {name for name, param in schedule.params.items() if _can_be_null(param)}
    template = tree_of(text) if nullable and "params" in text else None
    for name in dict.fromkeys(_written(template, nullable)) if template else ():
        message = f"the run parameter {quoted(name)} can be null and renders as the text `None`"
        instead = _with_default(schedule.params[name], f"params.{name}", default)
        hint = f"write `{instead}`, or another default between the quotes"
        yield Diagnostic(rules.NULL_PARAM, message, location, hint)


def _can_be_null(param: Param) -> bool:
    is_anything = not param.type and not param.has_default and param.enum is None
    return "null" in _types(param) or is_anything or None in (param.enum or ())


def _types(param: Param) -> list[str]:
    return [param.type] if isinstance(param.type, str) else param.type or []


def _with_default(param: Param, name: str, default: str) -> str:
    """A template that writes a default for a null, and every other value as it is, also `0` and `false`."""
    is_text = bool(param.type) and {"string", "null"}.issuperset(_types(param))
    # In double quotes, as most values that hold templates have single quotes in YAML.
    expression = f'{name} or "{default}"' if is_text else f'"{default}" if {name} is none else {name}'
    return f"{{{{ {expression} }}}}"


def _written(node: nodes.Node, nullable: Collection[str]) -> Iterator[str]:
    """The parameters that a part of a template writes where they may be null.

    Args:
        node: the part.
        nullable: the parameters that may be null there.
    """
    from jinja2 import nodes  # noqa: PLC0415  # it takes longer to import than most projects to check

    if isinstance(node, nodes.If):
        yield from _written_in(node.body, _without(nullable, _known_if(node.test)))
        rest = _without(nullable, _known_unless(node.test))
        for branch in node.elif_:
            yield from _written_in(branch.body, _without(rest, _known_if(branch.test)))
            rest = _without(rest, _known_unless(branch.test))
        yield from _written_in(node.else_, rest)
    elif isinstance(node, nodes.Output):
        for part in node.nodes:
            yield from _results(part, nullable)
    elif not isinstance(node, nodes.Expr):
        yield from _written_in(node.iter_child_nodes(), nullable)


def _written_in(parts: Iterable[nodes.Node], nullable: Collection[str]) -> Iterator[str]:
    for part in parts:
        yield from _written(part, nullable)


def _results(node: nodes.Node, nullable: Collection[str]) -> Iterator[str]:
    """The parameters whose null an expression gives on, or makes a text of."""
    from jinja2 import nodes  # noqa: PLC0415  # as above

    name = param_of(node)
    if name is not None:
        yield from {name} & {*nullable}
    elif isinstance(node, nodes.Or):
        # A null on the left side gives way.
        yield from _results(node.right, _without(nullable, _known_unless(node.left)))
    elif isinstance(node, nodes.And):
        yield from _results(node.left, nullable)
        yield from _results(node.right, _without(nullable, _known_if(node.left)))
    elif isinstance(node, nodes.CondExpr):
        yield from _results(node.expr1, _without(nullable, _known_if(node.test)))
        if node.expr2:
            yield from _results(node.expr2, _without(nullable, _known_unless(node.test)))
    elif _gives_on(node):
        for part in node.iter_child_nodes(only=("node", "nodes", "items")):
            yield from _results(part, nullable)


def _gives_on(node: nodes.Node) -> bool:
    """Whether an expression writes the nulls in it: some filters, a text that is joined, a list."""
    from jinja2 import nodes  # noqa: PLC0415  # as above

    if isinstance(node, nodes.Filter):
        # Without `true`, a default is for what is undefined, and a null is not.
        replaces_null = len(node.args) > 1 or bool(node.kwargs)
        return node.name in _TO_TEXT or (node.name in {"default", "d"} and not replaces_null)
    return isinstance(node, nodes.Concat | nodes.List | nodes.Tuple)


def _known_if(test: nodes.Node) -> set[str]:
    """The parameters that are not null where a test is true."""
    return _known(test, holds=True)


def _known_unless(test: nodes.Node) -> set[str]:
    """The parameters that are not null where a test is false."""
    return _known(test, holds=False)


def _known(test: nodes.Node, *, holds: bool) -> set[str]:
    from jinja2 import nodes  # noqa: PLC0415  # as above

    if isinstance(test, nodes.Not):
        return _known(test.node, holds=not holds)
    if isinstance(test, nodes.And | nodes.Or):
        sides = [_known(side, holds=holds) for side in (test.left, test.right)]
        return set.union(*sides) if isinstance(test, nodes.And) == holds else set.intersection(*sides)
    if isinstance(test, nodes.Test):
        is_known = test.name in _NOT_OF_NULL if holds else test.name == "none"
        return _named(test.node) if is_known else set()
    if isinstance(test, nodes.Compare):
        return _known_by_comparison(test, holds=holds)
    return _named(test) if holds else set()


def _known_by_comparison(test: nodes.Compare, *, holds: bool) -> set[str]:
    from jinja2 import nodes  # noqa: PLC0415  # as above

    sides = [test.expr, *(operand.expr for operand in test.ops)]
    with_null = any(isinstance(side, nodes.Const) and side.value is None for side in sides)
    is_alike = (test.ops[0].op not in _UNLIKE) == holds
    return set().union(*(_named(side) for side in sides)) if is_alike != with_null else set()


def _named(node: nodes.Node) -> set[str]:
    name = param_of(node)
    return {name} if name is not None else set()


def _without(names: Collection[str], known: set[str]) -> set[str]:
    return {*names} - known
