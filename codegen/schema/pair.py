"""The extractor and the loader of a schedule or a task."""

from __future__ import annotations

from collections.abc import Container, Mapping

from codegen import rules
from codegen.diagnostics import Diagnostic
from codegen.keys.field_type import Report
from codegen.source.nodes import Entry

PAIR = ("extractor", "loader")
# The keys that require a pair.
PAIR_OPTIONS = ("transform", "state_id")


def check_pair(given: Mapping[str, Entry], meant: Container[str], report: Report) -> None:
    """Report an extractor without a loader, or a loader without an extractor; a misspelled key is not missing."""
    for name, other in (PAIR, PAIR[::-1]):
        if name in given and other not in meant:
            place = given[name].key_location
            message = f"`{name}` requires `{other}`"
            report(Diagnostic(rules.MISSING_KEY, message, place, f"add `{other}`", other))
