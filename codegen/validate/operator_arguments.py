"""Checks the arguments of an operator against the facts about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from codegen import rules
from codegen.airflow_facts import ClassFacts
from codegen.diagnostics import Diagnostic, Location, nearest, printable, quoted
from codegen.keys.markers import Const, Template
from codegen.keys.operator_arguments import example, in_words, mismatch, types_of
from codegen.source.write import to_yaml
from codegen.text.durations import duration_of
from codegen.text.jinja import as_rendered, is_template
from codegen.values import Output, parts_of

_FULL_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
# Python code for types that YAML has as text.
_CODE = re.compile(r"(?:\w+\.)*(?:timedelta|datetime)\(.*\)")
# The similarity of `volumeMounts` and `volume_mounts`.
_SAME_WORDS = 0.8
_OBJECT = {"$import": "package.module.name"}


def check_arguments_of(
    given: Mapping[str, Any],
    at: Mapping[str, Location],
    facts: ClassFacts,
    known: Collection[str] = (),
    instead: Callable[[str], str] = lambda _: "",
) -> Iterator[Diagnostic]:
    """Report unknown arguments, values of the wrong type, and templates and XComs that Airflow does not render.

    Args:
        given: the arguments.
        at: the locations of the values.
        facts: the facts about the operator.
        known: further names to suggest.
        instead: returns the fix for a name that is not an argument but can be set elsewhere.
    """
    for name, value in given.items():
        if name not in facts.arguments:
            names = {*facts.arguments, *known}
            hint = nearest(name, names, _SAME_WORDS) or instead(name) or nearest(name, names)
            hint = hint or "remove it, unless a newer provider has it"
            yield Diagnostic(rules.UNKNOWN_ARGUMENT, f"{facts.name} has no argument {quoted(name)}", at[name], hint)
            continue
        yield from _check_type(name, value, at[name], facts)
        of_argument = _check_rendered if name in facts.templated else _check_plain
        yield from of_argument(name, value, at[name], facts)


def _check_type(name: str, value: Any, place: Location, facts: ClassFacts) -> Iterator[Diagnostic]:  # noqa: ANN401
    annotation = facts.arguments[name]
    expected, given = mismatch(value, annotation), in_words(type(value))
    of_time = [kind for kind in (timedelta, datetime) if kind in (types_of(annotation) or ())]
    if of_time and isinstance(value, str) and _CODE.fullmatch(value):
        expected, given, annotation = in_words(of_time[0]), "Python code", of_time[0].__name__
    if expected:
        message = f"`{name}` of {facts.name}: expected {expected}, got {given}"
        yield Diagnostic(rules.ARGUMENT_TYPE, message, place, _fix(value, annotation))


def check_required(given: Collection[str], place: Location, facts: ClassFacts) -> Iterator[Diagnostic]:
    """Report missing required arguments, without which Airflow cannot load the DAG."""
    missing = [name for name in facts.required if name not in given]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        values = {name: example(facts.arguments[name]) for name in missing}
        example_of = to_yaml(values if given else {"with": values}, flow=True).strip()[1:-1]
        hint = f"add to `with`, with your values: {example_of}" if given else f"add, with your values: {example_of}"
        yield Diagnostic(rules.MISSING_KEY, f"{facts.name} requires {names}", place, hint)


def check_without_facts(name: str, value: Any, place: Location) -> Iterator[Diagnostic]:  # noqa: ANN401  # any value
    """Report constants that Airflow would render if the argument is templated, which is unknown."""
    for part in parts_of(value):
        if isinstance(part, Const) and any(as_rendered(text, ()) != text or is_template(text) for text in _texts(part)):
            message = f"the operator may render `{name}` as a template, which would change this text"
            hint = "if it may be rendered, write the text without a marker, or {$t: {$f: ...}} for a file"
            yield Diagnostic(rules.TEMPLATE, message, place, hint)


def _texts(constant: Const) -> Iterator[str]:
    return (part for part in parts_of(constant.value) if isinstance(part, str))


def _check_plain(name: str, value: Any, place: Location, facts: ClassFacts) -> Iterator[Diagnostic]:  # noqa: ANN401
    """Report templates and task results in an argument that Airflow does not render."""
    for part in parts_of(value):
        if isinstance(part, Template) or (isinstance(part, str) and is_template(part)):
            text = part.text if isinstance(part, Template) else part
            message = f"{facts.name} does not render templates in `{name}`"
            yield Diagnostic(
                rules.TEMPLATE, message, place, f"write the value, or {_marked('$const', text)} for this text"
            )
        elif isinstance(part, Output):
            message = f"{facts.name} does not accept a task result in `{name}`, which is not templated"
            templated = [f"`{each}`" for each in sorted(facts.templated & facts.arguments.keys())]
            hint = f"templated arguments are {', '.join(templated)}" if templated else "write the value"
            yield Diagnostic(rules.TEMPLATE, message, place, hint)


def _check_rendered(name: str, value: Any, place: Location, facts: ClassFacts) -> Iterator[Diagnostic]:  # noqa: ANN401
    """Report texts that Airflow would read as the path of a template file."""
    for part in parts_of(value):
        if isinstance(part, str) and part.endswith(facts.files) and "\n" not in part:
            marker = "$t" if is_template(part) else "$const"
            message = f"`{name}` of {facts.name}: Airflow reads {quoted(part)} as the path of a template file"
            hint = f"write {_marked('$f', part)} for the content of the file, or {_marked(marker, part)} for this text"
            yield Diagnostic(rules.INVALID_VALUE, message, place, hint)


def _fix(value: Any, annotation: str) -> str:  # noqa: ANN401  # any value
    """Return the fix for a value that does not match the annotation."""
    expected = types_of(annotation) or ()
    if isinstance(value, str) and not expected:
        is_name = _FULL_NAME.fullmatch(value)
        return f"write {_marked('$import', value)}" if is_name else f"write {_inline(_OBJECT)}, with its full name"
    if str in expected and isinstance(value, bool | int | float):
        return f'quote it: "{str(value).lower() if isinstance(value, bool) else value}"'
    if list in expected and not isinstance(value, dict | list):
        return f"write {_inline([value])}"
    if int in expected and isinstance(value, str) and (duration := duration_of(value)):
        return f"write {duration.total_seconds():.0f} if it is in seconds"
    return f"for example {_inline(example(annotation))}"


def _marked(marker: str, text: str) -> str:
    return _inline({marker: text})


def _inline(value: Any) -> str:  # noqa: ANN401  # any JSON value
    return printable(to_yaml(value, flow=True).strip())
