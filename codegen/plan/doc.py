"""The documentation of a DAG: what runs, when, and where it is defined, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from codegen.diagnostics import printable
from codegen.plan.steps import Step
from codegen.plan.tasks import kind_of
from codegen.schema import Schedule
from codegen.schema.describe import describe_start


def doc_of(schedule: Schedule, steps: Sequence[Step]) -> str:
    """What runs, when, and where it is defined, as Markdown."""
    parts = [_what_and_when(schedule, steps)]
    if schedule.doc_md:
        parts.append("\n".join(line.expandtabs(4).rstrip() for line in schedule.doc_md.strip().splitlines()))
    parts.append(f"Defined in {_code(schedule.source)}{_for(schedule.deployment)}.")
    return "\n\n".join(parts) + "\n"


def description_of(schedule: Schedule, steps: Sequence[Step]) -> str:
    """The description of a DAG, by default what runs and when, as one line of plain text."""
    return schedule.description or summary_of(schedule, steps, printable)


def summary_of(schedule: Schedule, steps: Sequence[Step], code: Callable[[str], str]) -> str:
    """What runs and when, in a line."""
    tasks = f"{len(steps)} tasks" if len(steps) > 1 else "a task"
    return f"{_what(schedule, steps, code, tasks)}, {describe_start(schedule, code)}"


def doc_of_folder(source: str, deployment: str) -> str:
    """The documentation of the file of a folder; it names no schedule, so that a new one changes only its own lines."""
    return f"The DAGs of the schedules in {_code(source)}{_for(deployment)}."


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
    task_id, words = _code(step.task_id), kind_of(step).words(step, _code)
    return f"- {task_id}" if words == task_id else f"- {task_id}: {words}"


def _what(schedule: Schedule, steps: Sequence[Step], code: Callable[[str], str], tasks: str) -> str:
    if schedule.pair:
        words = kind_of(steps[0]).words(steps[0], code)
        return f"{words[0].upper()}{words[1:]}"
    what = f"the job {code(schedule.job)}" if schedule.job else tasks
    return f"Runs {what} with Meltano" if all(step.run for step in steps) else f"Runs {what}"


def _code(text: str) -> str:
    """Text as Markdown's code, whatever it holds (CommonMark 0.31, section 6.1)."""
    shown = printable(text)
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", shown)) + 1)
    return f"{fence} {shown} {fence}"
