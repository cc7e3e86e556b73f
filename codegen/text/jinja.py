r"""Escapes values so that they pass through Airflow's templating unchanged.

Airflow renders each templated field with Jinja2. A value that ends in one of the operator's `template_ext` is opened as
a file, also in lists and maps (airflow/template/templater.py on 2, airflow/sdk/definitions/_internal/templater.py on
3). Jinja2 converts line endings to `\n`, removes a trailing newline, and reads `{#` as the start of a comment.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import InvalidError
from codegen.values import Value

if TYPE_CHECKING:
    # Jinja2 takes longer to import than to check a hundred schedules without templates.
    from jinja2 import Environment
    from jinja2.nodes import Node, Template

# The extensions of template files: `template_ext` in airflow/operators/bash.py on 2, and in
# airflow/providers/{standard/operators/bash,docker/operators/docker}.py; KubernetesPodOperator has none.
BASH_TEMPLATE_EXT = (".sh", ".bash")
DOCKER_TEMPLATE_EXT = (".sh", ".bash", ".env")
# Tree visitors need a few stack frames per level, and Python's limit is 1,000.
MAX_DEPTH = 100
# Airflow's additional filters (airflow/templates.py on 2, airflow/sdk/definitions/_internal/templater.py on 3).
AIRFLOW_FILTERS = ("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz")
_ENDS = {"{{": "}}", "{%": "%}"}
_EXPRESSION = re.compile(r"\{\{|\{%")
# A template that consists of a string literal.
_LITERAL = re.compile(r"""\{\{ ('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*") \}\}""")
_ALTERED_IN_LINES = re.compile(r"\{?\r|\{#")
_ALTERED = re.compile(r"\r|\n\Z|\{#")


def is_template(text: str) -> bool:
    """Return whether a value contains a template expression, such as `{{ ds }}`."""
    return bool(_EXPRESSION.search(text))


def parts_of(text: str) -> list[str]:
    """Split a text into literal parts (even indexes) and complete expressions or statements (odd indexes).

    The time is linear, even for thousands of unclosed braces.
    """
    parts, ends, start, position = [], dict(_ENDS), 0, 0
    while ends and (opening := re.compile("|".join(ends)).search(text, position)):
        end = text.find(ends[opening[0]], opening.end())
        if end < 0:
            del ends[opening[0]]
            position = opening.start() + 1
        else:
            parts += [text[start : opening.start()], text[opening.start() : end + 2]]
            start = position = end + 2
    return [*parts, text[start:]]


def with_templates_as(place: str, text: str) -> str:
    """Return the text with each expression replaced by `place`."""
    return place.join(parts_of(text)[::2])


def as_rendered(text: str, template_ext: tuple[str, ...]) -> str:
    """Return text that an operator with these `template_ext` renders to the given text, or to a template's result."""
    if is_template(text):
        # A trailing `.sh` is literal text, so it can be wrapped in an expression.
        ending = next((each for each in template_ext if text.endswith(each)), "")
        return before_template(text.removesuffix(ending)) + "{{ " + ascii(ending) + " }}" if ending else text
    if _ALTERED.search(text) or text.endswith(template_ext):
        # Jinja2 decodes an ASCII string literal like Python, so every character is kept.
        return "{{ " + ascii(text) + " }}"
    return text


def before_template(text: str) -> str:
    """Return a template to put before another one: a trailing brace must not combine with the next brace."""
    return text[:-1] + "{{ '{' }}" if text.endswith("{") else text


def as_rendered_lines(text: str) -> str:
    """Return text that renders to the given lines without templates, and stays readable.

    The added newline, which Jinja2 removes, keeps Airflow from opening a final `./load.sh` as a file.
    """
    return _ALTERED_IN_LINES.sub(lambda match: "{{ " + ascii(match[0]) + " }}", text) + "\n"


def as_literal(text: str) -> str:
    """Return a template that renders to the text, with braces escaped."""
    # Jinja2 decodes literals like Python. The escape avoids `{#`, which `check_template` rejects.
    return "{{ " + ascii(text).replace("{#", "{\\x23") + " }}"


def literal_text(template: str) -> str | None:
    """Return the text of a template from `as_literal`, or None for other templates."""
    match = _LITERAL.fullmatch(template)
    try:
        text = ast.literal_eval(match[1]) if match else None
    except (SyntaxError, ValueError):
        return None
    return text if isinstance(text, str) and as_literal(text) == template else None


def known_text(value: str) -> str | None:
    """Return the text that a task gets for a value, or None if only Airflow knows it."""
    return literal_text(value) if is_template(value) else value


def check_template(text: str) -> None:
    """Raise an InvalidError for a template that Airflow cannot render, or would change outside of expressions."""
    if not is_template(text):
        return
    if _ALTERED.search(text):
        raise InvalidError(
            "Airflow would change this template: it drops `{#`, carriage returns and a trailing newline",
            r"remove that part, or write it as an expression: {{ '{' }}#, {{ '\r' }}, {{ '\n' }}",
            rules.TEMPLATE,
        )
    _parsed(text)


def _parsed(text: str) -> Template:
    """Parse a template without compiling it, because Jinja2 would evaluate constants such as `9**9**9`.

    Raises:
        InvalidError: Airflow cannot render the template, or it is nested too deeply.
    """
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415  # as above

    environment = _jinja_environment()
    try:
        tree = environment.parse(text)
        reason = _refusal_of(tree, environment)
    except TemplateSyntaxError as error:
        reason = error.message or "it cannot be read"
    except RecursionError as error:
        message = f"the template is nested deeper than {MAX_DEPTH} levels; each `+` and each filter is a level"
        raise InvalidError(message, "compute it in parts: `{% set part = ... %}`", rules.NESTED_TOO_DEEP) from error
    except ValueError as error:
        message = "Airflow cannot render this template: a number has more digits than Python can parse"
        raise InvalidError(message, "shorten it", rules.TEMPLATE) from error
    if reason:
        reason = reason.rstrip(".")
        hint = _fix_of(reason, text)
        raise InvalidError(f"Airflow cannot render this template: {reason}", hint, rules.TEMPLATE)
    return tree


def _refusal_of(tree: Template, environment: Environment) -> str:
    """Return the message of Jinja2's compiler for an unknown filter or test, or a block that is defined twice.

    Raises:
        RecursionError: the tree is deeper than `MAX_DEPTH`.
    """
    from jinja2 import nodes  # noqa: PLC0415  # as above

    level: list[Node] = [tree]
    for _ in range(MAX_DEPTH):
        for node in level:
            if isinstance(node, nodes.Filter) and node.name not in environment.filters:
                return f"No filter named {node.name!r}."
            if isinstance(node, nodes.Test) and node.name not in environment.tests:
                return f"No test named {node.name!r}."
        level = [child for node in level for child in node.iter_child_nodes()]
    if level:
        raise RecursionError
    blocks = Counter(block.name for block in tree.find_all(nodes.Block))
    return next((f"block {name!r} defined twice" for name, count in blocks.items() if count > 1), "")


def _fix_of(reason: str, text: str) -> str:
    """Return the fix for a Jinja2 error, by its message (jinja2/parser.py, `fail_unknown_tag` and `_fail_ut_eof`)."""
    if block := re.search(r"(?:needs to be closed is '|Missing end of (?=raw))(\w+)", reason):
        return f"close it with `{{% end{block[1]} %}}`"
    if reason.startswith("Encountered unknown tag 'end"):
        return "remove it, or open its block before it"
    if reason.startswith("block "):
        return "rename one"
    if re.match(r"No (filter|test) named|Encountered unknown tag", reason):
        return "check the name"
    if written := braces_in(text):
        return f"to write `{written}` as text: {as_literal(written)}"
    start = max("{{", "{%", key=text.rfind)
    is_closed = start == "{%" and "%}" in text[text.rfind(start) :]
    fix = "write it in full, such as `{% for x in y %}`" if is_closed else f"close it with `{_ENDS[start]}`"
    return f"{fix}; to write `{start}` as text: {as_literal(start)}"


def braces_in(text: str) -> str:
    """Return the first text in double braces that is not a Jinja template, such as Go's `{{.State}}`; else empty."""
    expressions = (part for part in parts_of(text)[1::2] if part.startswith("{{"))
    return next((part for part in expressions if tree_of(part) is None), "")


def params_in(text: str) -> list[str]:
    """Return the run parameters in a template, such as `params.day` or `params["day"]`, in order and once each."""
    tree = tree_of(text) if "params" in text else None
    if tree is None:
        return []
    from jinja2 import nodes  # noqa: PLC0415  # as above

    names = [param_of(node) for node in tree.find_all((nodes.Getattr, nodes.Getitem))]
    # `params.items()` calls a method of the dict.
    return list(dict.fromkeys(name for name in names if name is not None and not hasattr(dict, name)))


def param_of(node: Node) -> str | None:
    """Return the run parameter that a node refers to, or None if its name is computed."""
    if getattr(getattr(node, "node", None), "name", "") != "params":
        return None
    name = getattr(node, "attr", None) or getattr(getattr(node, "arg", None), "value", None)
    return name if isinstance(name, str) else None


def tree_of(text: str) -> Template | None:
    """Return the syntax tree of a template, or None for invalid templates and other texts."""
    try:
        return _parsed(text) if is_template(text) else None
    except InvalidError:
        return None


def variables_of(text: str) -> dict[str, bool]:
    """Return the variables of a template, and whether each is tested: `if x is defined`, or `x | default('')`."""
    tree = tree_of(text)
    if tree is None:
        return {}
    from jinja2 import defaults, nodes  # noqa: PLC0415  # as above

    asked = {
        test.node.name
        for test in tree.find_all((nodes.Test, nodes.Filter))
        if isinstance(test.node, nodes.Name) and test.name in {"defined", "default", "d"}
    }
    names = undeclared_in(tree) - defaults.DEFAULT_NAMESPACE.keys()
    return {name: name in asked for name in sorted(names)}


def undeclared_in(tree: Template) -> set[str]:
    """Return the names that a template takes from Airflow. `jinja2.meta` would evaluate constants."""
    from jinja2 import nodes  # noqa: PLC0415  # as above

    names = list(tree.find_all(nodes.Name))
    own = {name.name for name in names if name.ctx != "load"} | {macro.name for macro in tree.find_all(nodes.Macro)}
    loop = {"loop"} if tree.find(nodes.For) else set()
    return {name.name for name in names if name.ctx == "load"} - own - loop


def _jinja_environment() -> Environment:
    """Return a Jinja2 environment with Airflow's extension and filters."""
    from jinja2 import Environment  # noqa: PLC0415  # as above

    environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701  # as Airflow's
    environment.filters.update(dict.fromkeys(AIRFLOW_FILTERS, str))
    return environment


def rendered(value: Value, template_ext: tuple[str, ...] = ()) -> Value:
    """Return data for a templated field; keys of maps are not rendered."""
    if isinstance(value, str):
        return as_rendered(value, template_ext)
    if isinstance(value, Mapping):
        return {name: rendered(item, template_ext) for name, item in value.items()}
    return [rendered(item, template_ext) for item in value] if isinstance(value, Sequence) else value
