"""Describes changes of alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codegen.diagnostics import quoted
from codegen.review.sentences.sentence import Kind, Sentence, change
from codegen.review.sentences.side import Side
from codegen.schema.alerts import DEADLINE, EVENTS, Alert
from codegen.schema.describe import describe_alerts

_RUN_EVENTS = {
    "on_failure": "when a run fails",
    "on_success": "when a run succeeds",
    "on_retry": "when a task is retried",
    DEADLINE: "when a run is late",
}
_TASK_EVENTS = {"on_failure": "fails", "on_success": "succeeds", "on_retry": "is retried"}


def alert_sentences(before: Side, after: Side) -> Iterator[Sentence]:
    """Yield the alerts that are new, removed or changed."""
    old, new = _alerts(before), _alerts(after)
    for event in {**old, **new}:
        were, are = old.get(event, ()), new.get(event, ())
        if were != are:
            names = describe_alerts(were), describe_alerts(are)
            same = f"Alerts {event}: {names[1]}, with different settings."
            yield Sentence(Kind.ALERTS, same if names[0] == names[1] else f"{change(f'Alerts {event}', *names)}.")


def failure_sentence(side: Side) -> Sentence:
    """Return the recipients of a failure alert of a new pipeline."""
    return Sentence(Kind.ALERTS, f"Alerts {describe_alerts(side.schedule.on_failure)} when a run fails.")


def _alerts(side: Side) -> Mapping[str, Sequence[Alert]]:
    """Return the alerts by their events, in words."""
    schedule = side.schedule
    found = {words: getattr(schedule, event) or () for event, words in _RUN_EVENTS.items()}
    for task_id, step in side.steps.items():
        own = {event: getattr(step.task, event) or () for event in EVENTS}
        found |= {f"when the task {quoted(task_id)} {_TASK_EVENTS[event]}": own[event] for event in EVENTS}
    return found
