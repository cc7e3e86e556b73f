"""Describes lost or repeated data: a new DAG, another Meltano state, catch-up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from codegen.diagnostics import quoted
from codegen.plan.states import KeptState
from codegen.review.drift import NEW_DAG
from codegen.review.sentences.sentence import Kind, Sentence, change
from codegen.review.sentences.side import Side


def history_sentences(before: Side, after: Side, now: datetime) -> Iterator[Sentence]:
    """Yield changes of its run history."""
    old, new = before.schedule.dag_id_or_default, after.schedule.dag_id_or_default
    if old != new:
        yield Sentence(Kind.DATA, f"{NEW_DAG}: the history so far stays with {quoted(old)}.")
        yield from catch_up_sentences(after, now)
    files = before.schedule.source, after.schedule.source
    if files[0] != files[1]:
        yield Sentence(Kind.SETTINGS, f"{change('File', *map(quoted, files))}.")


def catch_up_sentences(after: Side, now: datetime) -> Iterator[Sentence]:
    """Yield the backlog of runs that Airflow starts for a new DAG."""
    schedule = after.schedule
    if schedule.catchup and (backlog := schedule.timetable(after.project.airflow).backlog(now)):
        yield Sentence(Kind.DATA, f"Once unpaused, it catches up on {backlog}.")


def state_sentences(before: Side, after: Side) -> Iterator[Sentence]:
    """Yield the data that each extractor and loader loads again or skips, because of another state or target."""
    known = {state.key: state for state in before.states}
    kept = {state.key for state in after.states}
    for state in after.states:
        former = known.get(state.key)
        if former is None:
            of_same = (each for each in before.states if each.plugins[0] == state.plugins[0] and each.key not in kept)
            if former := next(of_same, None):
                yield Sentence(Kind.DATA, _reloaded(former, state))
        elif former.plugins != state.plugins:
            yield Sentence(Kind.DATA, _continued(former, state))


def _reloaded(former: KeptState, state: KeptState) -> str:
    if former.id == state.id:
        where = "keeps its state in another place"
    else:
        where = f"uses another state, {quoted(state.id)} instead of {quoted(former.id)}"
    return f"{quoted(state.plugins[0])} {where}: everything is loaded again, unless that state already exists."


def _continued(former: KeptState, state: KeptState) -> str:
    (old_extractor, old_loader), (extractor, loader) = former.plugins, state.plugins
    if old_extractor != extractor:
        source = f"{quoted(extractor)} continues with the state of {quoted(old_extractor)}, {quoted(state.id)}"
        return f"{source}: it may skip rows, or fail on a bookmark that it does not know."
    what = f"the rows already in {quoted(old_loader)} are not loaded into {quoted(loader)}"
    return f"{quoted(extractor)} continues with the same state, {quoted(state.id)}: {what}."
