"""The form of a schedule file: three questions about its text, and all other settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.diagnostics import Diagnostic
from codegen.schema.table import schedule_table
from codegen.source.nodes import MapNode
from codegen.web.editing.changes import Edit
from codegen.web.editing.fields import Field, Fields, key_of
from codegen.web.editing.offers import offered_for
from codegen.web.editing.preview import Preview

WHAT = ("extractor", "loader", "transform", "job", "tasks")
WHEN = ("interval", "timezone", "after")
# The headings of the other settings, where the group of the rows has another name.
_HEADINGS = {"identity": "Name and description", "what runs": "Before each step", "when": "More about when"}


@dataclass(frozen=True)
class Form:
    """The fields of a text, by key.

    Attributes:
        what: those of the question what runs.
        when: those of the question when it runs.
        given: the other settings that the text has, and those with an error.
        others: all other settings, by heading.
    """

    what: Mapping[str, Field]
    when: Mapping[str, Field]
    given: Sequence[Field]
    others: Mapping[str, Sequence[Field]]


def form_of(own: MapNode, preview: Preview, sent: Mapping[str, str], done: Edit) -> Form:
    """The form of a text, whose keys are `own`. Where a value could not be written, it keeps the one that was sent."""
    diagnostics: dict[str, list[Diagnostic]] = {}
    for diagnostic in preview.own:
        diagnostics.setdefault(key_of(diagnostic, own), []).append(diagnostic)
    fields = Fields(
        done.text, own, preview.source, preview.document, offered_for(preview), sent, done.problems, diagnostics
    )
    rows = schedule_table(preview.project.airflow).rows
    made = {key: fields.of(row) for key, row in rows.items()}
    settings = [each for key, each in made.items() if key not in {*WHAT, *WHEN}]
    given = [each for each in settings if each.value or each.is_wrong]
    others: dict[str, list[Field]] = {}
    for each in settings:
        if each not in given:
            others.setdefault(_HEADINGS.get(each.row.group, each.row.group.capitalize()), []).append(each)
    return Form({key: made[key] for key in WHAT}, {key: made[key] for key in WHEN}, given, others)
