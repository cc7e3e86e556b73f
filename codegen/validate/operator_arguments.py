"""Arguments of an operator against the facts about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from codegen import rules
from codegen.airflow_facts import ClassFacts
from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.keys.operator_arguments import mismatch
from codegen.text.jinja import is_template
from codegen.validate.places import texts_in


def check_arguments_of(
    given: Mapping[str, Any], at: Mapping[str, Location], facts: ClassFacts, known: Collection[str] = ()
) -> Iterator[Diagnostic]:
    """Report arguments that an operator lacks, values of another type, and templates that Airflow does not render.

    `at` has the places of the values; `known` names what can be set in other ways, for suggestions.
    """
    name_of_class = facts.full_name.rpartition(".")[2]
    for name, value in given.items():
        place = at[name]
        if name not in facts.arguments:
            hint = nearest(name, {*facts.arguments, *known}) or "remove it, unless a newer provider has it"
            message = f"{name_of_class} has no argument {quoted(name)}"
            yield Diagnostic(rules.UNKNOWN_ARGUMENT, message, place, hint)
        elif expected := mismatch(value, facts.arguments[name]):
            yield Diagnostic(rules.INVALID_VALUE, f"{quoted(name)} must be {expected}", place)
        elif name not in facts.templated and any(map(is_template, texts_in(value))):
            message = f"Airflow evaluates no templates in {quoted(name)} of {name_of_class}"
            yield Diagnostic(rules.TEMPLATE, message, place, "write the value itself")
        elif name in facts.templated and (file := next((t for t in texts_in(value) if t.endswith(facts.files)), "")):
            message = f"{name_of_class} would open {quoted(file)} as a file of templates"
            hint = f"write {{$f: {file}}} for the text of the file, or {{$const: {file}}} for the text itself"
            yield Diagnostic(rules.INVALID_VALUE, message, place, hint)
