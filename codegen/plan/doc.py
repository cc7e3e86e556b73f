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
    return _what(schedule, steps, code, f"{len(steps)} tasks") + _when(schedule, code)


def doc_of_folder(source: str, deployment: str) -> str:
    """Return the docstring of a folder's file. It names no schedule, so adding one does not change it."""
    return f"DAGs for the schedules in {_code(source)}{_for(deployment)}."


def _for(deployment: str) -> str:
    return f" (environment {_code(deployment)})" if deployment else ""


def _what_and_when(schedule: Schedule, steps: Sequence[Step]) -> str:
    sentence = _what(schedule, steps, _code, "these tasks") + _when(schedule, _code)
    if _is_single(schedule, steps):
        return f"{sentence}."
    words = _run if all(step.run for step in steps) else _task
    return f"{sentence}:\n\n" + "\n".join(map(words, steps))


def _run(step: Step) -> str:
    task_id = f"{_code(step.task.id)}: " if step.task.id else ""
    return f"- {task_id}{_code(step.run)}"


def _task(step: Step) -> str:
    task_id, words = _code(step.task_id), kind_of(step).describe(step, _code)
    return f"- {task_id}" if words == task_id else f"- {task_id}: {words}"


def _what(schedule: Schedule, steps: Sequence[Step], code: Callable[[str], str], tasks: str) -> str:
    if _is_single(schedule, steps):
        return _what_single(steps[0], code)
    what = f"the job {code(schedule.job)}" if schedule.job else tasks
    return f"Runs {what} with Meltano" if all(step.run for step in steps) else f"Runs {what}"


def _is_single(schedule: Schedule, steps: Sequence[Step]) -> bool:
    return len(steps) == 1 and not schedule.job


def _what_single(step: Step, code: Callable[[str], str]) -> str:
    if step.run:
        return f"Runs {code(step.run)} with Meltano"
    task_id, words = code(step.task_id), kind_of(step).describe(step, code)
    if step.task.kind in {"extractor", "python"}:
        return f"{words[0].upper()}{words[1:]}"
    return f"Runs {words}" if step.task.invoke or words == task_id else f"Runs {task_id} ({words})"


def _when(schedule: Schedule, code: Callable[[str], str]) -> str:
    when = describe_start(schedule, code)
    return f" ({when})" if schedule.clock.is_manual and not schedule.after else f" {when}"


def _code(text: str) -> str:
    """Return text as a Markdown code span (CommonMark 0.31, section 6.1)."""
    shown = printable(text)
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", shown)) + 1)
    return f"{fence} {shown} {fence}"
