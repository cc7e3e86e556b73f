"""The documentation of a DAG: what runs, when, and where it is defined, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    deployment = f", for {_code(schedule.deployment)}" if schedule.deployment else ""
    parts.append(f"Defined in {_code(schedule.source)}{deployment}.")
    return "\n\n".join(parts) + "\n"


def doc_of_several(dag_ids: Sequence[str]) -> str:
    """The documentation of a file with several DAGs, as Markdown."""
    return "".join(["Defines these DAGs:\n\n", *(f"- {_code(dag_id)}\n" for dag_id in dag_ids)])


def _what_and_when(schedule: Schedule, steps: Sequence[Step]) -> str:
    when = describe_start(schedule, _code)
    if schedule.pair:
        words = kind_of(steps[0]).words(steps[0], _code)
        return f"{words[0].upper()}{words[1:]}, {when}."
    what = f"the job {_code(schedule.job)}" if schedule.job else "these tasks"
    if all(step.run for step in steps):
        tasks = "\n".join(f"- {_code(step.run)}" for step in steps)
        return f"Runs {what} with Meltano, {when}:\n\n{tasks}"
    tasks = "\n".join(f"- {_code(step.task_id)}: {kind_of(step).words(step, _code)}" for step in steps)
    return f"Runs {what}, {when}:\n\n{tasks}"


def _code(text: str) -> str:
    """Text as Markdown's code, whatever it holds (CommonMark 0.31, section 6.1)."""
    shown = printable(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
