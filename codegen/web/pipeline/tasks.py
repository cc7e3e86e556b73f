"""The tasks of a schedule and their order, as a picture and as a table: what its DAG has, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.airflow_facts.trigger_rules import ALL_SUCCESS
from codegen.drawing.graph import Graph, Node, lay_out
from codegen.plan.dependencies import with_join
from codegen.plan.steps import Step, steps_of
from codegen.schema import Schedule
from codegen.schema.describe import describe_work
from codegen.web.pipeline.view import View
from codegen.web.shell.addresses import address_of


@dataclass(frozen=True)
class Row:
    """A task: what it runs and where, and its trigger rule if that is not Airflow's default."""

    task_id: str
    what: str
    where: str
    group: str
    after: Sequence[str]
    rule: str


@dataclass(frozen=True)
class Tasks:
    """The tasks of a DAG, the schedules whose success starts it, all or any, and those that its success starts."""

    graph: Graph
    rows: Sequence[Row]
    before: Sequence[Schedule]
    is_any: bool
    behind: Sequence[Schedule]


def tasks_of(view: View) -> Tasks | None:
    """The tasks of a schedule; nothing where errors leave open what they are."""
    schedule, meltano = view.schedule, view.snapshot.reading.meltano
    if schedule is None or not view.is_sound:
        return None
    steps = steps_of(schedule, meltano)
    behind = [each for each in view.neighbours if each.after and schedule.name in each.after.names]
    if behind:
        steps = list(with_join(steps, schedule))
    names = schedule.after.names if schedule.after else ()
    before = [each for each in view.neighbours if each.name in names]
    rows = [_row(schedule, step) for step in steps]
    is_any = bool(schedule.after and schedule.after.any)
    return Tasks(_graph(schedule, rows, before, behind, is_any=is_any), rows, before, is_any, behind)


def _row(schedule: Schedule, step: Step) -> Row:
    what, where = _what_and_where(schedule, step)
    rule = "" if step.trigger_rule == ALL_SUCCESS else step.trigger_rule
    return Row(step.task_id, what, where, step.task.group or "", step.after, rule)


def _what_and_where(schedule: Schedule, step: Step) -> tuple[str, str]:
    if step.task.python:
        return step.task.python, "Python in the worker"
    if step.task.uses:
        return step.task.uses, "operator in the worker"
    if step.script:
        return step.script, f"command, {step.runner}"
    if step.run:
        return step.run, f"meltano run, {step.runner}"
    if step.calls:
        return describe_work(schedule), f"{' '.join(_verb(step))}, {step.runner}"
    return "closes the run", "no work"


def _verb(step: Step) -> Iterator[str]:
    """The command of Meltano that loads, less its options: `meltano el`."""
    program, *words = step.calls[-1]
    yield program
    yield next(word for word in words if not word.startswith("-"))


def _neighbour(place: str, schedule: Schedule) -> Node:
    address = address_of("pipelines", schedule.relative, schedule.deployment)
    return Node(f"{place} {schedule.name}", (schedule.name, "schedule"), "schedule", address)


def _graph(
    schedule: Schedule, rows: Sequence[Row], before: Sequence[Schedule], behind: Sequence[Schedule], *, is_any: bool
) -> Graph:
    nodes = [_neighbour("before", each) for each in before]
    arrows = []
    # Where several start several, the arrows meet in between.
    start = [node.id for node in nodes]
    if len(before) > 1:
        words = "any of these" if is_any else "all of these"
        clock = f"or {schedule.interval}" if schedule.clock.cron else ""
        nodes.append(Node("start", (words, clock), "start"))
        arrows += [(name, "start") for name in start]
        start = ["start"]
    for row in rows:
        group = f"group {row.group}" if row.group else ""
        nodes.append(Node(f"task {row.task_id}", (row.task_id, row.what, row.where, group, row.rule), "task"))
        arrows += [(f"task {name}", f"task {row.task_id}") for name in row.after]
        arrows += [] if row.after else [(name, f"task {row.task_id}") for name in start]
    for each in behind:
        nodes.append(_neighbour("behind", each))
        # In the order in which they run, the last task is the one whose success starts others.
        arrows.append((f"task {rows[-1].task_id}", f"behind {each.name}"))
    return lay_out(nodes, arrows)
