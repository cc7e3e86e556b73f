"""Arguments of an operator against the facts about it: one that it does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, nearest, quoted


def check_unknown(
    given: Mapping[str, Location], known: Collection[str], operator: str, airflow: str
) -> Iterator[Diagnostic]:
    """Report arguments, with their locations, that an operator does not have in the providers of an Airflow."""
    for name, place in given.items():
        if name not in known:
            hint = nearest(name, known) or f"remove it, unless a newer provider of Airflow {airflow} has it"
            message = f"{operator} has no argument {quoted(name)}"
            yield Diagnostic(rules.UNKNOWN_ARGUMENT, message, place, hint)
