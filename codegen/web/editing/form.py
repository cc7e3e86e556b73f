"""The form of a schedule file: what it runs, when it runs, its alerts, and all other settings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from codegen.diagnostics import Diagnostic
from codegen.schema.table import schedule_table
from codegen.source.nodes import MapNode
from codegen.web.editing.drafts import Draft
from codegen.web.editing.fields import Field, Fields, key_of
from codegen.web.editing.kinds import ALL_KEYS, JOB, PAIR_KIND, STEPS, is_of, kind_of
from codegen.web.editing.preview import Preview
from codegen.web.editing.reading import by_place, read_own
from codegen.web.editing.steps import KINDS, Step, steps_of, upstream_names, written
from codegen.web.editing.suggestions import suggestions_for

WHAT = ("extractor", "loader", "transform", "job")
WHEN = ("interval", "timezone", "after")
ALERT = "on_failure"
_CHOSEN_BY_KIND = {PAIR_KIND: "extractor", JOB: "job", STEPS: "tasks"}
# The heading of the settings in the text.
GIVEN = "Set in this pipeline"
# The headings of the other settings, for groups of rows with another name.
_HEADINGS = {
    "identity": "Name and description",
    "what runs": "More about what runs",
    "when": "More about when it runs",
    "how": "How it runs",
    "when it goes wrong": "When it goes wrong",
    "where": "Environments",
    "arguments of Airflow's DAG": "Airflow settings of the DAG",
    "arguments of Airflow's operators": "Airflow settings of all tasks",
}


@dataclass(frozen=True)
class Steps:
    """The steps in the form.

    Attributes:
        waits: the names of the steps that each step waits for.
        diagnostics: the diagnostics of each step.
        rest: the diagnostics of no step.
        problem: the reason why a change could not be applied.
    """

    steps: Sequence[Step]
    waits: Sequence[Sequence[str]]
    diagnostics: Sequence[Sequence[Diagnostic]]
    rest: Sequence[Diagnostic]
    problem: str = ""

    @property
    def written(self) -> str:
        """The lines of the steps, which detect a concurrent change of the YAML."""
        return written(self.steps)

    @property
    def kinds(self) -> Mapping[str, str]:
        """The labels of the kinds of steps."""
        return KINDS

    def others(self, index: int) -> list[str]:
        """Return the names of the steps that a step can wait for."""
        names = [each.name for number, each in enumerate(self.steps) if each.name and number != index]
        return [*names, *(name for name in self.waits[index] if name not in names)]


@dataclass(frozen=True)
class Form:
    """The form of a draft.

    Attributes:
        own: the keys of the text.
        kind: the selected kind of work; empty without one.
        what: the fields of `WHAT`, by key.
        wrong: the diagnostics of the kind of work.
        when: the fields of `WHEN`, by key.
        alert: the optional field of the failure alert.
        others: all other settings by heading. The settings in the text, or with an error, come first.
    """

    own: MapNode
    draft: Draft
    kind: str
    what: Mapping[str, Field]
    wrong: Sequence[Diagnostic]
    steps: Steps
    when: Mapping[str, Field]
    alert: Field
    others: Mapping[str, Sequence[Field]]

    @property
    def first(self) -> Sequence[Field]:
        """The other settings that come first."""
        return self.others.get(GIVEN, ())

    @property
    def count(self) -> int:
        """The number of other settings in the text."""
        return sum(bool(each.was) for each in chain(*self.others.values()))

    @property
    def has_wrong_others(self) -> bool:
        """Whether one of the other settings has an error or a warning."""
        return any(each.is_wrong for each in chain(*self.others.values()))

    def is_reported(self, diagnostic: Diagnostic) -> bool:
        """Return whether a diagnostic is shown: the user has left its field, or saved."""
        return self.draft.is_touched(place_of(diagnostic, self.own, self.kind))

    def address_of(self, diagnostic: Diagnostic) -> tuple[str, str]:
        """Return the ID and the label of the control that shows a diagnostic."""
        place = place_of(diagnostic, self.own, self.kind)
        if place == "tasks":
            found = [number for number, each in enumerate(self.steps.diagnostics) if diagnostic in each]
            return (f"step-{found[0]}-text", f"Step {found[0] + 1}") if found else ("add-step", "Steps")
        if place == "interval":
            return "when", "When"
        row = next((each.row for each in self._fields() if each.key == place), None)
        if row is None:
            return ("runs-pair", "What runs") if place == "runs" else ("text", "YAML")
        return f"control-{place}", row.title

    def addresses(self) -> Iterator[str]:
        """Yield the IDs of the controls, in the order of the page."""
        yield from (f"control-{key}" for key in self.what)
        yield from (f"step-{number}-text" for number, _ in enumerate(self.steps.steps))
        yield from ("add-step", "runs-pair")
        yield from ("when", *(f"control-{key}" for key in self.when), f"control-{ALERT}")

    def _fields(self) -> Iterator[Field]:
        yield from (*self.what.values(), *self.when.values(), self.alert, *chain(*self.others.values()))


def place_of(diagnostic: Diagnostic, own: MapNode, kind: str) -> str:
    """Return the key of the field that shows a diagnostic; `runs` is the choice of the kind of work."""
    key = key_of(diagnostic, own)
    if key == diagnostic.missing == "extractor" and "extractor" not in own.entries and "loader" not in own.entries:
        return _CHOSEN_BY_KIND.get(kind, "runs")
    return "runs" if key in ALL_KEYS and kind and not is_of(kind, key) else key


def form_of(
    own: MapNode, preview: Preview, draft: Draft, sent: Mapping[str, str], above: Collection[str] | None = None
) -> Form:
    """Create the form of a draft with the keys `own`. A value that could not be applied is kept as submitted.

    `above` are the other settings that come first, so that fields do not move while the user types.
    """
    inherited = kind_of(preview.document.merged) if preview.document else ""
    kind = kind_of(own) or sent.get("runs", "") or inherited or PAIR_KIND
    found: dict[str, list[Diagnostic]] = {}
    for each in preview.own:
        place = place_of(each, own, kind)
        if draft.is_touched(place):
            found.setdefault(place, []).append(each)
    fields = Fields(
        draft.text,
        own,
        preview.source,
        preview.document,
        suggestions_for(preview),
        sent,
        draft.problems,
        draft.reported,
        found,
    )
    kept, _ = read_own(draft.kept, "")
    kept_fields = Fields(draft.kept, kept or own, "", None, fields.suggestions, sent, {}, {}, {})
    rows = schedule_table(preview.project.airflow).rows
    made = {
        key: (kept_fields if kept and key in kept.entries and key not in own.entries else fields).of(row)
        for key, row in rows.items()
        if key != "tasks"
    }
    settings = [each for key, each in made.items() if key not in {*WHAT, *WHEN, ALERT}]
    first = above if above is not None else {each.key for each in settings if each.value or each.is_wrong}
    others: dict[str, list[Field]] = {GIVEN: []} if first else {}
    for field in settings:
        heading = GIVEN if field.key in first else _HEADINGS.get(field.row.group, field.row.group.capitalize())
        others.setdefault(heading, []).append(field)
    steps = _steps(draft.text if "tasks" in own.entries else draft.kept, found.get("tasks", ()), draft)
    return Form(
        own, draft, kind, {key: made[key] for key in WHAT}, found.get("runs", ()), steps,
        {key: made[key] for key in WHEN}, made[ALERT], others,
    )  # fmt: skip


def _steps(text: str, diagnostics: Sequence[Diagnostic], draft: Draft) -> Steps:
    _, steps = steps_of(text)
    found, rest = by_place([(each.line, 0) for each in steps], diagnostics)
    return Steps(steps, upstream_names(steps), found, rest, draft.reported.get("tasks", ""))
