"""Our own template as a Python function, so that a project without templates of its own does not import Jinja2.

That import takes as long as to render several hundred files. The function has no blocks, which only a template that
extends ours needs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from codegen.files import is_folder
from codegen.render.layout import arrow_lines, constant_source, function_source, group_head, import_statement
from codegen.render.source_text import escape, keyword, literal, module_docstring

TEMPLATE = "dag.py.j2"
# What the expressions of a template can use.
FILTERS: dict[str, Callable[..., Any]] = {
    "keyword": keyword,
    "docstring": module_docstring,
    "escape": escape,
    "literal": literal,
    "import_statement": import_statement,
    "constant_source": constant_source,
    "function_source": function_source,
    "group_head": group_head,
    "arrow_lines": arrow_lines,
}
_PACKAGE = Path(__file__).parent.parent
# A tag has a line of its own.
_PART = re.compile(r"(?:^ *\{% (?P<tag>\w+) ?(?P<of>.*?) %\}\n|\{\{ (?P<output>.+?) \}\})", re.MULTILINE)
_FILTERED = re.compile(r"(?P<value>.+) \| (?P<filter>\w+)(?:\((?P<others>.+)\))?")
_PRELUDE = r"\{{% block {} %\}}\n(.*?)\{{% endblock %\}}\n"


def builtin_templates() -> Path:
    """The folder of Dagpress's own templates: in the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "templates"
    return installed if is_folder(installed) else _PACKAGE.parent / "templates"


@cache
def render_built_in() -> Callable[..., str]:
    """The function that renders a `module` with our own template."""
    return _compiled(_text())


@cache
def prelude(name: str, project_root_variable: str) -> str:
    """The shell code in a constant of `PRELUDES`, as our own template has it."""
    (block,) = re.findall(_PRELUDE.format(name.lower()), _text(), re.DOTALL)
    source = _compiled(block)(module=SimpleNamespace(project_root_variable=project_root_variable))
    (constant,) = (node for node in ast.parse(source).body if isinstance(node, ast.Assign))
    return str(ast.literal_eval(constant.value))


def _text() -> str:
    return (builtin_templates() / TEMPLATE).read_text(encoding="utf-8")


def _compiled(text: str) -> Callable[..., str]:
    """The function of a template in the part of Jinja's language that ours uses.

    That is `for`, `if` and `loop.first`, a filter at the end of an expression, and what Python has as well.
    """
    lines = ["def render(module):", "    parts = []", "    add = parts.append"]
    # The variable with the number of the turn of each open loop, empty for an `if`.
    numbers: list[str] = []
    position = 0
    for match in _PART.finditer(text):
        margin = "    " * (1 + len(numbers))
        lines.append(f"{margin}add({text[position : match.start()]!r})")
        position = match.end()
        if match["tag"] in {"endfor", "endif"}:
            numbers.pop()
        elif match["tag"] not in {"block", "endblock"}:
            lines.append(margin + _statement(match, numbers))
    lines += [f"    add({text[position:]!r})", '    return "".join(parts)']
    scope: dict[str, Any] = {**FILTERS}
    code = "\n".join(line for line in lines if not line.endswith("add('')"))
    exec(compile(code, TEMPLATE, "exec", dont_inherit=True), scope)  # noqa: S102  # our own template
    render: Callable[..., str] = scope["render"]
    return render


def _statement(match: re.Match[str], numbers: list[str]) -> str:
    """The line of Python for an output, or for a tag that it adds to those that are open."""
    if match["output"]:
        return f"add({_expression(match['output'], numbers)})"
    if match["tag"] == "if":
        line, number = f"if {_expression(match['of'], numbers)}:", ""
    elif match["tag"] == "for":
        names, _, values = match["of"].partition(" in ")
        number = f"number_{len(numbers)}"
        line = f"for {number}, ({names}) in enumerate({_expression(values, numbers)}):"
    else:
        raise ValueError(f"our own template cannot have the tag {match['tag']!r}")
    numbers.append(number)
    return line


def _expression(text: str, numbers: list[str]) -> str:
    if match := _FILTERED.fullmatch(text):
        return f"{match['filter']}({', '.join(filter(None, match.group('value', 'others')))})"
    return text.replace("loop.first", f"{next(filter(None, reversed(numbers)), '')} == 0")
