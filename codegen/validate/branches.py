"""Checks branches with `follow_task_ids_if_true` and `follow_task_ids_if_false`: unknown and always skipped tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from codegen import rules
from codegen.airflow_facts.trigger_rules import runs
from codegen.diagnostics import Diagnostic, nearest, quoted
from codegen.plan.steps import Step, groups_of
from codegen.schema import Schedule
from codegen.text.jinja import is_template
from codegen.validate.places import place_of

_ARGUMENTS = ("follow_task_ids_if_true", "follow_task_ids_if_false")


class _Branch(NamedTuple):
    """A branch operator; `chosen` has the downstream tasks that each argument selects, with groups resolved."""

    task_id: str
    following: frozenset[str]
    chosen: Sequence[frozenset[str]]


def check_branches(schedule: Schedule, steps: Sequence[Step]) -> Iterator[Diagnostic]:
    """Report missing tasks, which fail the branch in Airflow, and tasks that a branch always skips."""
    branching = [step for step in steps if any(name in step.task.with_ for name in _ARGUMENTS)]
    groups = _groups(steps) if branching else {}
    for step in branching:
        following = _following(step, steps)
        for name in _ARGUMENTS:
            yield from _check_ids(step, name, following, groups, schedule)
        if chosen := _chosen(step, following, groups):
            yield from _check_skipped(_Branch(step.task_id, following, chosen), steps, schedule)


def runs_by_choice(steps: Sequence[Step]) -> Iterator[list[set[str]]]:
    """Yield the sets of tasks that run for each choice of a branch.

    If only Airflow knows the choices, assume that each selects one task or group.
    """
    groups = _groups(steps)
    every = {step.task_id for step in steps}
    for step in steps:
        if (step.task.uses or "").rpartition(".")[2].startswith("Branch"):
            following = _following(step, steps)
            one_each = {following & groups[each.task.group or each.task_id] for each in steps} - {frozenset()}
            choices = _chosen(step, following, groups) or one_each
            yield [every - _skipped(steps, _Branch(step.task_id, following, ()), chosen) for chosen in choices]


def _groups(steps: Iterable[Step]) -> dict[str, set[str]]:
    """Return the tasks of each group, and each task as a group of its own."""
    by_id = {step.task_id: step.task for step in steps}
    return {name: set(ids) for name, ids in groups_of(by_id).items()} | {task_id: {task_id} for task_id in by_id}


def _following(branch: Step, steps: Iterable[Step]) -> frozenset[str]:
    return frozenset(step.task_id for step in steps if branch.task_id in step.after)


def _chosen(branch: Step, following: frozenset[str], groups: Mapping[str, set[str]]) -> list[frozenset[str]]:
    """Return the tasks that each argument of a branch selects; empty if only Airflow knows them."""
    found = [ids for name in _ARGUMENTS if (ids := _ids(branch.task.with_.get(name)))]
    if len(found) < len(_ARGUMENTS):
        return []
    return [following & {each for id_ in ids for each in groups.get(id_, ())} for ids in found]


def _ids(value: object) -> list[str]:
    """Return the IDs in an argument, without templates and XComs."""
    ids = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [each for each in ids if isinstance(each, str) and not is_template(each)]


def _check_ids(
    step: Step, name: str, following: Collection[str], groups: Mapping[str, set[str]], schedule: Schedule
) -> Iterator[Diagnostic]:
    """Check the tasks and groups in an argument of a branch."""
    place = place_of(step.task, schedule, f"with.{name}")
    for id_ in _ids(step.task.with_.get(name)):
        if id_ not in groups:
            hint = nearest(id_, groups) or f"expected one of {', '.join(map(quoted, groups))}"
            yield Diagnostic(rules.UNKNOWN_TASK, f"unknown task or group {quoted(id_)}", place, hint)
        elif groups[id_].isdisjoint(following):
            message = f"{quoted(id_)} in `{name}` has no effect: it does not run directly after {quoted(step.task_id)}"
            hint = f"add {quoted(step.task_id)} to the `after` of {quoted(id_)}"
            yield Diagnostic(rules.NO_EFFECT, message, place, hint)


def _check_skipped(branch: _Branch, steps: Sequence[Step], schedule: Schedule) -> Iterator[Diagnostic]:
    """Report the first tasks that the branch skips in every run."""
    skipped = [_skipped(steps, branch, chosen) for chosen in branch.chosen]
    always = skipped[0] & skipped[1] - _skipped(steps)
    for step in steps:
        if step.task_id in always and always.isdisjoint(step.after) and step.task_id not in branch.following:
            message = (
                f"{quoted(step.task_id)} is skipped in every run: {quoted(branch.task_id)} always skips an upstream "
                f"task, and its trigger rule is `{step.trigger_rule}`"
            )
            hint = "write `trigger_rule: none_failed_min_one_success`"
            yield Diagnostic(rules.ALWAYS_SKIPPED, message, place_of(step.task, schedule, "trigger_rule"), hint)


def _skipped(steps: Sequence[Step], branch: _Branch | None = None, chosen: Collection[str] = ()) -> set[str]:
    """Return the tasks skipped if no task fails and the branch selects `chosen` (`SkipMixin.skip_all_except`)."""
    kept = _downstream(chosen, steps)
    states: dict[str, bool] = {}
    waiting = list(steps)
    while ready := [step for step in waiting if states.keys() >= set(step.after)]:
        for step in ready:
            skipped = sum(states[name] for name in step.after)
            is_left = branch and step.task_id in branch.following and step.task_id not in kept
            is_run = not is_left and runs(step.trigger_rule, len(step.after) - skipped, skipped)
            states[step.task_id] = not is_run
        waiting = [step for step in waiting if step.task_id not in states]
    return {task_id for task_id, is_skipped in states.items() if is_skipped}


def _downstream(ids: Collection[str], steps: Sequence[Step]) -> set[str]:
    """Return the tasks and all tasks downstream of them."""
    found = set(ids)
    while more := {step.task_id for step in steps if not found.isdisjoint(step.after)} - found:
        found |= more
    return found
