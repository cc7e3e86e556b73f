"""Describes changes of the tasks of a pipeline and their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codegen.diagnostics import joined, quoted
from codegen.plan.steps import Step, is_chain
from codegen.plan.tasks import kind_of
from codegen.review.sentences.sentence import Kind, Sentence, change, listed
from codegen.review.sentences.side import Side

_Steps = Mapping[str, Step]


def work_sentences(before: Side, after: Side) -> Iterator[Sentence]:
    """Yield the tasks that are new, removed or changed, and their order."""
    for text in _texts(before, after):
        yield Sentence(Kind.WORK, text)


def _texts(before: Side, after: Side) -> Iterator[str]:
    old, new = before.steps, after.steps
    if before.schedule.job != after.schedule.job and before.schedule.job and after.schedule.job:
        yield f"{change('Runs the job', quoted(before.schedule.job), quoted(after.schedule.job))}."
    renamed = dict(_renamed(old, new))
    for task_id, step in new.items():
        if task_id in renamed:
            kept = f"its history in Airflow stays with {quoted(renamed[task_id])}"
            yield f"Task {quoted(renamed[task_id])} is now {quoted(task_id)}: {kept}."
        elif task_id not in old:
            place = f", after {listed(step.waits_for)}" if step.waits_for else ", first" if len(new) > 1 else ""
            yield f"New task {quoted(task_id)}{place}: {_words(step)}."
        elif text := _changed(old[task_id], step, is_alone=len(old) == len(new) == 1):
            yield text
    for task_id, step in old.items():
        if task_id not in new and task_id not in renamed.values():
            yield f"Removed task {quoted(task_id)}: {_words(step)}."
    yield from _order(old, new)


def _renamed(old: _Steps, new: _Steps) -> Iterator[tuple[str, str]]:
    """Yield the new IDs of renamed tasks, each with the former ID."""
    gone = {task_id: step for task_id, step in old.items() if task_id not in new}
    for task_id, step in new.items():
        work = _words(step), step.script
        former = next((each for each, those in gone.items() if (_words(those), those.script) == work), None)
        if task_id not in old and former:
            del gone[former]
            yield task_id, former


def _changed(old: Step, new: Step, *, is_alone: bool) -> str:
    name = "Runs" if is_alone else f"Task {quoted(new.task_id)}"
    before, after = _words(old), _words(new)
    if before != after:
        return f"{change(name, before, after)}."
    if old.script != new.script:
        return "Runs a different shell command." if is_alone else f"{name} runs a different shell command."
    return ""


def _words(step: Step) -> str:
    return kind_of(step).describe(step, quoted)


def _order(old: _Steps, new: _Steps) -> Iterator[str]:
    shared = [[task_id for task_id in these if task_id in those] for these, those in ((old, new), (new, old))]
    if all(is_chain(step.task for step in steps.values()) for steps in (old, new)):
        if shared[0] != shared[1]:
            yield f"{change('Order of the tasks', *(', '.join(map(quoted, ids)) for ids in shared))}."
        return
    for task_id in shared[1]:
        before, after = ({*steps[task_id].waits_for} for steps in (old, new))
        parts = [f"now waits for {listed(sorted(after - before))}"] if after - before else []
        parts += [f"no longer waits for {listed(sorted(before - after))}"] if before - after else []
        if parts:
            yield f"Task {quoted(task_id)} {joined(parts)}."
