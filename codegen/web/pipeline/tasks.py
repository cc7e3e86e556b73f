"""The tasks of a schedule and their order, as a picture and as a table: what its DAG has, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.airflow_facts.trigger_rules import ALL_SUCCESS
from codegen.drawing.graph import Graph, Node, lay_out
from codegen.plan.dependencies import with_join
from codegen.plan.steps import Step, steps_of
from codegen.schema import Schedule
from codegen.schema.asset import Asset
from codegen.schema.describe import describe_task
from codegen.schema.edges import feeders_of, waits_of
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
    """The tasks of a DAG, the schedules and assets that start it, all or any, and those that it starts or updates.

    Assets that connect it with another schedule are left out.
    """

    graph: Graph
    rows: Sequence[Row]
    before: Sequence[Schedule]
    is_any: bool
    behind: Sequence[Schedule]
    inlets: Sequence[Asset]
    outlets: Sequence[Asset]


def tasks_of(view: View) -> Tasks | None:
    """The tasks of a schedule; nothing where errors leave open what they are."""
    schedule, meltano = view.schedule, view.snapshot.reading.meltano
    if schedule is None or not view.is_sound:
        return None
    steps = steps_of(schedule, meltano)
    waits = waits_of(view.neighbours)
    behind = [each for each in view.neighbours if schedule.name in waits[each.name]]
    if schedule.outlets or any(each.after and schedule.name in each.after.names for each in behind):
        steps = list(with_join(steps, schedule))
    before = [each for each in view.neighbours if each.name in waits[schedule.name]]
    rows = [_row(step) for step in steps]
    feeders = feeders_of(view.neighbours)
    inlets = [asset for asset in _awaited(schedule) if asset not in feeders]
    awaited = {asset for each in behind for asset in _awaited(each)}
    outlets = [asset for asset in schedule.outlets if asset not in awaited]
    nodes = _Neighbours(
        [*(_neighbour("before", each) for each in before), *(_asset("before", each) for each in inlets)],
        [*(_neighbour("behind", each) for each in behind), *(_asset("behind", each) for each in outlets)],
    )
    is_any = bool(schedule.after and schedule.after.any)
    return Tasks(_graph(schedule, rows, nodes, is_any=is_any), rows, before, is_any, behind, inlets, outlets)


@dataclass(frozen=True)
class _Neighbours:
    """The boxes of what starts a DAG, and of what it starts or updates."""

    before: Sequence[Node]
    behind: Sequence[Node]


def _awaited(schedule: Schedule) -> tuple[Asset, ...]:
    return schedule.after.assets if schedule.after else ()


def _row(step: Step) -> Row:
    what, where = _what_and_where(step)
    rule = "" if step.trigger_rule == ALL_SUCCESS else step.trigger_rule
    return Row(step.task_id, what, where, step.task.group or "", step.after, rule)


def _what_and_where(step: Step) -> tuple[str, str]:
    if step.task.python:
        return step.task.python, "Python in the worker"
    if step.task.uses:
        return step.task.uses, "operator in the worker"
    if step.script:
        return step.script, f"command, {step.runner}"
    if step.run:
        return step.run, f"meltano run, {step.runner}"
    if step.calls:
        return describe_task(step.task), f"{' '.join(_verb(step))}, {step.runner}"
    return "closes the run", "no work"


def _verb(step: Step) -> Iterator[str]:
    """The command of Meltano that loads, less its options: `meltano el`."""
    program, *words = step.calls[-1]
    yield program
    yield next(word for word in words if not word.startswith("-"))


def _neighbour(place: str, schedule: Schedule) -> Node:
    address = address_of("pipelines", schedule.relative, schedule.deployment)
    return Node(f"{place} {schedule.name}", (schedule.name, "schedule"), "schedule", address)


def _asset(place: str, asset: Asset) -> Node:
    return Node(f"{place} asset {asset.name}", (asset.name, "asset"), "schedule")


def _graph(schedule: Schedule, rows: Sequence[Row], neighbours: _Neighbours, *, is_any: bool) -> Graph:
    nodes = [*neighbours.before]
    arrows = []
    # Where several start several, the arrows meet in between.
    start = [node.id for node in nodes]
    if len(nodes) > 1:
        words = "any of these" if is_any else "all of these"
        clock = "" if schedule.clock.is_manual else f"or {schedule.interval_text}"
        nodes.append(Node("start", (words, clock), "start"))
        arrows += [(name, "start") for name in start]
        start = ["start"]
    for row in rows:
        group = f"group {row.group}" if row.group else ""
        nodes.append(Node(f"task {row.task_id}", (row.task_id, row.what, row.where, group, row.rule), "task"))
        arrows += [(f"task {name}", f"task {row.task_id}") for name in row.after]
        arrows += [] if row.after else [(name, f"task {row.task_id}") for name in start]
    for node in neighbours.behind:
        nodes.append(node)
        # In the order in which they run, the last task is the one whose success starts others.
        arrows.append((f"task {rows[-1].task_id}", node.id))
    return lay_out(nodes, arrows)
