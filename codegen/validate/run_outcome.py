"""Checks the state of runs: Airflow derives it from the last tasks, so every failure must reach one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from codegen import rules
from codegen.airflow_facts.trigger_rules import ALL_SUCCESS, HIDE_A_FAILURE
from codegen.diagnostics import Diagnostic, quoted
from codegen.plan.steps import Step, is_chain, last_of
from codegen.schema import Schedule
from codegen.source.write import to_yaml
from codegen.validate.places import place_of


def check_run_outcome(schedule: Schedule, steps: Sequence[Step]) -> Iterator[Diagnostic]:
    """Report failures that do not fail the run: only last tasks count (`update_state` in airflow/models/dagrun.py)."""
    if not any(step.trigger_rule in HIDE_A_FAILURE for step in steps):
        return
    hidden = _hidden(steps)
    # The hidden steps without a hidden downstream step.
    stopping = {name for step in hidden for name in _stopping(step)}
    ends = [step for step in hidden if step.task_id not in stopping]
    hiding = [step for step in steps if ends and ends[0].task_id in step.after]
    if not hiding:  # no failure is hidden, or there is a cycle
        return
    last = hiding[0]
    message = (
        f"the run succeeds although {quoted(ends[0].task_id)} fails: Airflow looks only at the last tasks, and "
        f"{quoted(last.task_id)} also runs after a failure"
    )
    if schedule.tasks:
        place, hint = place_of(last.task, schedule, "trigger_rule"), _with_a_last_task(schedule, ends)
    else:
        place = schedule.where("trigger_rule")
        is_own = place.path == schedule.source
        hint = "remove it" if is_own else f"write `trigger_rule: null` in {schedule.source}"
    yield Diagnostic(rules.HIDES_FAILURE, message, place, hint)


def _with_a_last_task(schedule: Schedule, ends: Sequence[Step]) -> str:
    """Return the fix: a last task that fails if any of the steps fails."""
    rule = {"trigger_rule": ALL_SUCCESS} if schedule.trigger_rule in HIDE_A_FAILURE else {}
    ids = [step.task_id for step in ends]
    task = to_yaml({"id": "succeeded", "command": "true", "after": ids, **rule}, flow=True).strip()
    first = "set `after` in each task, and " if is_chain(schedule.tasks or ()) else ""
    return f"{first}add the task `{task}`"


def _hidden(steps: Sequence[Step]) -> list[Step]:
    """Return the steps whose failure reaches no last step."""
    by_id = {step.task_id: step for step in steps}
    shown: set[str] = set()
    waiting = [step.task_id for step in last_of(steps)]
    while waiting:
        name = waiting.pop()
        if name in by_id and name not in shown:
            shown.add(name)
            waiting += _stopping(by_id[name])
    return [step for step in steps if step.task_id not in shown]


def _stopping(step: Step) -> Collection[str]:
    """Return the upstream steps that make a step fail if they fail."""
    return () if step.trigger_rule in HIDE_A_FAILURE else step.after
