"""Checks tasks of one schedule that share a state: they must do the same work, and never concurrently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.meltano import MeltanoProject
from codegen.plan.states import WITHOUT_LOCK, KeptState, has_option
from codegen.plan.steps import Step, readable_steps
from codegen.schema import Schedule
from codegen.validate.branches import runs_by_choice
from codegen.validate.places import place_of

OWN_EXTRACTOR = "a separate extractor with `inherit_from` in meltano.yml"
REASON = "each continues from the other's bookmark"


def check_tasks(
    schedule: Schedule, states: Sequence[KeptState], meltano: MeltanoProject | None
) -> Iterator[Diagnostic]:
    """Report each task that conflicts with an earlier one, without comparing each pair of tasks."""
    if len(states) < 2:  # noqa: PLR2004  # at least two can share
        return
    # Steps without state can also be between them.
    order = _Order(readable_steps(schedule, meltano))
    earlier: dict[object, _Earlier] = {}
    for state in states:
        step = state.step
        if clash := earlier.setdefault(state.key, _Earlier(state, order)).clash_with(state):
            one, why, hint = clash
            message = f"tasks {quoted(one)} and {quoted(step.task_id)} share the state ID {quoted(state.id)}: {why}"
            place = place_of(step.task, schedule, step.task.kind)
            # The state ID of `meltano run` contains the name of the extractor.
            other = "" if step.task.extractor else f", or use {OWN_EXTRACTOR}"
            yield Diagnostic(rules.SHARED_STATE, message, place, f"{hint}{other}")


class _Earlier:
    """The tasks with one state ID so far: those with the same work as the first, and the first with other work."""

    def __init__(self, first: KeptState, order: _Order) -> None:
        self._first = first
        self._order = order
        self._alike = 0
        self._unlike: KeptState | None = None

    def clash_with(self, state: KeptState) -> tuple[str, str, str] | None:
        """Return the task that a later one conflicts with, the reason and the fix."""
        task_id = state.step.task_id
        if state.work != self._first.work:
            self._unlike = self._unlike or state
            return self._first.step.task_id, REASON, _with_a_suffix(state.step)
        other = self._order.first_concurrent(self._alike, task_id)
        self._alike |= self._order.bit_of(task_id)
        if other:
            is_forced = has_option(state.step, WITHOUT_LOCK)
            why = "with `force`, each overwrites it" if is_forced else "Meltano rejects the second while the first runs"
            return other, why, f"run one after the other with `after`{_or_another_id(state.step)}"
        return (self._unlike.step.task_id, REASON, _with_a_suffix(state.step)) if self._unlike else None


class _Order:
    """The tasks that never run concurrently with each task. Sets of tasks are integers with one bit per task."""

    def __init__(self, steps: Sequence[Step]) -> None:
        after = {step.task_id: step.after for step in steps}
        waits_for = {task_id: [name for name in names if name in after] for task_id, names in after.items()}
        self._names = [*after]
        self._bits = {task_id: 1 << number for number, task_id in enumerate(after)}
        order = _sorted(waits_for)
        upstream, downstream = dict(self._bits), dict(self._bits)
        for task_id in order:
            for name in waits_for[task_id]:
                upstream[task_id] |= upstream[name]
        for task_id in reversed(order):
            for name in waits_for[task_id]:
                downstream[name] |= downstream[task_id]
        self._apart = {task_id: upstream[task_id] | downstream[task_id] for task_id in order}
        for choices in runs_by_choice(steps):
            self._add_branch([sum(self._bits[task_id] for task_id in runs) for runs in choices])

    def _add_branch(self, choices: Sequence[int]) -> None:
        """Add the tasks that a branch never runs together; each choice is a set of tasks."""
        for task_id, bit in self._bits.items():
            together = reduce(or_, (runs for runs in choices if runs & bit), 0)
            self._apart[task_id] |= ~together & ((1 << len(self._bits)) - 1)

    def bit_of(self, task_id: str) -> int:
        """Return the set with only this task."""
        return self._bits[task_id]

    def first_concurrent(self, tasks: int, task_id: str) -> str | None:
        """Return the first of the tasks that may run concurrently with a task."""
        concurrent = tasks & ~self._apart[task_id]
        return self._names[(concurrent & -concurrent).bit_length() - 1] if concurrent else None


def _sorted(waits_for: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the tasks in topological order; cycles, which are errors of their own, are in any order."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = [(task_id, False) for task_id in waits_for]
    while waiting:
        task_id, is_last = waiting.pop()
        if is_last:
            found.append(task_id)
        elif task_id not in seen:
            seen.add(task_id)
            waiting += [(task_id, True), *((name, False) for name in waits_for[task_id])]
    return found


def _or_another_id(step: Step) -> str:
    return ", or set another `state_id`" if step.task.extractor else ""


def _with_a_suffix(step: Step) -> str:
    if step.task.extractor:
        return "set another `state_id`"
    if step.script:
        option = f"`--state-id-suffix={step.task_id}`"
        return f"pass {option} to its `meltano run`, or another `--state-id` to its `meltano el`"
    return f"write `run: --state-id-suffix={step.task_id} ...`"
