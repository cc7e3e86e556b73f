"""Says where a change loses or repeats data: another DAG, another state of Meltano, catch-up, full refreshes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from codegen.diagnostics import quoted
from codegen.plan.states import KeptState
from codegen.review.drift import NEW_DAG
from codegen.review.words.sentence import Kind, Sentence, change
from codegen.review.words.side import Side


def history_sentences(before: Side, after: Side, now: datetime) -> Iterator[Sentence]:
    """What becomes of the history of its runs."""
    old, new = before.schedule.dag_id_or_default, after.schedule.dag_id_or_default
    if old != new:
        yield Sentence(Kind.DATA, f"{NEW_DAG}: that of its runs so far stays with {quoted(old)}.")
        yield from catch_up_sentences(after, now)
    files = before.schedule.source, after.schedule.source
    if files[0] != files[1]:
        yield Sentence(Kind.SETTINGS, f"{change('File', *map(quoted, files))}.")


def catch_up_sentences(after: Side, now: datetime) -> Iterator[Sentence]:
    """The runs that Airflow starts for a new DAG as soon as it can."""
    schedule = after.schedule
    if schedule.catchup and (backlog := schedule.timetable(after.project.airflow).backlog(now)):
        yield Sentence(Kind.DATA, f"Once unpaused, it catches up with {backlog}.")


def state_sentences(before: Side, after: Side) -> Iterator[Sentence]:
    """What each extractor and loader reads anew or skips, as it loads with another state or into another place."""
    known = {state.key: state for state in before.states}
    kept = {state.key for state in after.states}
    for state in after.states:
        former = known.get(state.key)
        if former is None:
            of_same = (each for each in before.states if each.plugins[0] == state.plugins[0] and each.key not in kept)
            if former := next(of_same, None):
                yield Sentence(Kind.DATA, _anew(former, state))
        elif former.plugins != state.plugins:
            yield Sentence(Kind.DATA, _continued(former, state))


def _anew(former: KeptState, state: KeptState) -> str:
    if former.id == state.id:
        where = "keeps its state in another place"
    else:
        where = f"loads into another state, {quoted(state.id)} instead of {quoted(former.id)}"
    return f"{quoted(state.plugins[0])} {where}: everything is read anew, unless that state exists already."


def _continued(former: KeptState, state: KeptState) -> str:
    (old_extractor, old_loader), (extractor, loader) = former.plugins, state.plugins
    if old_extractor != extractor:
        source = f"{quoted(extractor)} continues with the state of {quoted(old_extractor)}, {quoted(state.id)}"
        return f"{source}: it may skip rows, or fail on bookmarks that are not its own."
    what = f"the rows that {quoted(old_loader)} has are not loaded into {quoted(loader)}"
    return f"{quoted(extractor)} continues with the same state, {quoted(state.id)}: {what}."
