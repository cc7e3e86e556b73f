"""The documentation of a DAG as Markdown: its tasks, schedule and source file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from codegen.diagnostics import printable
from codegen.plan.steps import Step
from codegen.plan.tasks import kind_of
from codegen.schema import Schedule
from codegen.schema.describe import describe_start


def doc_of(schedule: Schedule, steps: Sequence[Step]) -> str:
    """Return the tasks, the schedule and the source file as Markdown, with the schedule's own `doc_md`."""
    parts = [_what_and_when(schedule, steps)]
    if schedule.doc_md:
        parts.append("\n".join(line.expandtabs(4).rstrip() for line in schedule.doc_md.strip().splitlines()))
    parts.append(f"Defined in {_code(schedule.source)}{_for(schedule.deployment)}.")
    return "\n\n".join(parts) + "\n"


def description_of(schedule: Schedule, steps: Sequence[Step]) -> str:
    """Return the description of a DAG: the schedule's own, or a summary in one line of plain text."""
    return schedule.description or summary_of(schedule, steps, printable)


def summary_of(schedule: Schedule, steps: Sequence[Step], code: Callable[[str], str]) -> str:
    """Return the tasks and the schedule in one line; `code` formats names."""
    tasks = f"{len(steps)} tasks" if len(steps) > 1 else "a task"
    return f"{_what(schedule, steps, code, tasks)}, {describe_start(schedule, code)}"


def doc_of_folder(source: str, deployment: str) -> str:
    """Return the docstring of a folder's file. It names no schedule, so adding one does not change it."""
    return f"DAGs for the schedules in {_code(source)}{_for(deployment)}."


def _for(deployment: str) -> str:
    return f", for {_code(deployment)}" if deployment else ""


def _what_and_when(schedule: Schedule, steps: Sequence[Step]) -> str:
    what, when = _what(schedule, steps, _code, "these tasks"), describe_start(schedule, _code)
    if schedule.pair:
        return f"{what}, {when}."
    if all(step.run for step in steps):
        tasks = "\n".join(f"- {_code(step.run)}" for step in steps)
    else:
        tasks = "\n".join(map(_task, steps))
    return f"{what}, {when}:\n\n{tasks}"


def _task(step: Step) -> str:
    task_id, words = _code(step.task_id), kind_of(step).describe(step, _code)
    return f"- {task_id}" if words == task_id else f"- {task_id}: {words}"


def _what(schedule: Schedule, steps: Sequence[Step], code: Callable[[str], str], tasks: str) -> str:
    if schedule.pair:
        words = kind_of(steps[0]).describe(steps[0], code)
        return f"{words[0].upper()}{words[1:]}"
    what = f"the job {code(schedule.job)}" if schedule.job else tasks
    return f"Runs {what} with Meltano" if all(step.run for step in steps) else f"Runs {what}"


def _code(text: str) -> str:
    """Return text as a Markdown code span (CommonMark 0.31, section 6.1)."""
    shown = printable(text)
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", shown)) + 1)
    return f"{fence} {shown} {fence}"
