"""All effects of a change to a pipeline, in order: lost or repeated data comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from codegen.diagnostics import joined, quoted
from codegen.plan.doc import summary_of
from codegen.review.behaviour import Difference, differences
from codegen.review.sentences.alerts import alert_sentences, failure_sentence
from codegen.review.sentences.keys import key_sentences
from codegen.review.sentences.sentence import Kind, Sentence
from codegen.review.sentences.side import Side
from codegen.review.sentences.start import first_run_sentences, start_sentences, waiting_sentences
from codegen.review.sentences.state import catch_up_sentences, history_sentences, state_sentences
from codegen.review.sentences.work import work_sentences
from codegen.secrets.masking import masked_quotes


def sentences_between(before: Side | None, after: Side | None, now: datetime) -> list[Sentence]:
    """Return the sentences about a new, removed or changed pipeline; none if its DAG stays the same."""
    if before and after:
        found = _changed(before, after, now)
    else:
        found = _new(after, now) if after else _removed(before) if before else []
    shown = dict.fromkeys(each._replace(text=masked_quotes(each.text)) for each in found)
    return sorted(shown, key=lambda each: each.kind)


def _new(after: Side, now: datetime) -> list[Sentence]:
    return [
        Sentence(Kind.NEW, f"New: {_summary(after)}."),
        *catch_up_sentences(after, now),
        *first_run_sentences(after, now),
        failure_sentence(after),
    ]


def _removed(before: Side) -> list[Sentence]:
    kept = "its run history and Meltano's state are kept"
    return [
        Sentence(Kind.DATA, f"Removed: {_summary(before)}."),
        Sentence(Kind.DATA, f"Airflow hides the DAG {quoted(before.schedule.dag_id_or_default)}: {kept}."),
    ]


def _summary(side: Side) -> str:
    summary = summary_of(side.schedule, [*side.steps.values()], quoted)
    return summary[0].lower() + summary[1:]


def _changed(before: Side, after: Side, now: datetime) -> list[Sentence]:
    found = differences(before.behaviour, after.behaviour)
    if not found:
        return []
    start, states = [*start_sentences(before, after, now)], [*state_sentences(before, after)]
    described = {"transform"} | ({"interval", "after", "timezone", "data_interval"} if start else set())
    described |= {"state_id", "state_id_suffix"} if states else set()
    history = [*history_sentences(before, after, now)]
    described |= {"catchup"} if any(each.kind is Kind.DATA for each in history) else set()
    sentences = [
        *history,
        *states,
        *start,
        *work_sentences(before, after),
        *alert_sentences(before, after),
        *key_sentences(before, after, described),
        *waiting_sentences(before, after),
    ]
    return sentences or [Sentence(Kind.SETTINGS, _in_code(found))]


def _in_code(found: Sequence[Difference]) -> str:
    """Describe differences in the code of the DAG that no key explains, such as the lock of a new plugin."""
    names = dict.fromkeys(quoted(each.path[0] if each.path else each.task_id) for each in found)
    return f"The settings stay the same, but the DAG changes: {joined(names)}."
