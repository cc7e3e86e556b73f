"""The tasks of a schedule with their dependencies, as a graph and as a table."""

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
from codegen.schema.edges import producers_of, upstream_names
from codegen.web.pipeline.view import View
from codegen.web.shell.addresses import address_of


@dataclass(frozen=True)
class Row:
    """A task.

    Attributes:
        what: its command, function or operator.
        where: how it runs, and its runner.
        after: the tasks that it waits for.
        rule: its trigger rule; empty for Airflow's default.
    """

    task_id: str
    what: str
    where: str
    group: str
    after: Sequence[str]
    rule: str


@dataclass(frozen=True)
class Tasks:
    """The tasks of a DAG with its upstream and downstream.

    Assets that connect it with another schedule are omitted.

    Attributes:
        upstream: the schedules that start it.
        is_any: whether one of the upstream schedules and assets is enough.
        downstream: the schedules that it starts.
        inlets: the assets that start it.
        outlets: the assets that it updates.
    """

    graph: Graph
    rows: Sequence[Row]
    upstream: Sequence[Schedule]
    is_any: bool
    downstream: Sequence[Schedule]
    inlets: Sequence[Asset]
    outlets: Sequence[Asset]


def tasks_of(view: View) -> Tasks | None:
    """Return the tasks of a schedule; None if errors prevent their planning."""
    schedule, meltano = view.schedule, view.snapshot.reading.meltano
    if schedule is None or not view.is_valid:
        return None
    steps = steps_of(schedule, meltano)
    waits = upstream_names(view.schedules)
    downstream = [each for each in view.schedules if schedule.name in waits[each.name]]
    if schedule.outlets or any(each.after and schedule.name in each.after.names for each in downstream):
        steps = list(with_join(steps, schedule))
    upstream = [each for each in view.schedules if each.name in waits[schedule.name]]
    rows = [_row(step) for step in steps]
    producers = producers_of(view.schedules)
    inlets = [asset for asset in _awaited(schedule) if asset not in producers]
    awaited = {asset for each in downstream for asset in _awaited(each)}
    outlets = [asset for asset in schedule.outlets if asset not in awaited]
    nodes = _Connections(
        [*(_schedule_node("upstream", each) for each in upstream), *(_asset_node("upstream", each) for each in inlets)],
        [
            *(_schedule_node("downstream", each) for each in downstream),
            *(_asset_node("downstream", each) for each in outlets),
        ],
    )
    is_any = bool(schedule.after and schedule.after.any)
    return Tasks(_graph(schedule, rows, nodes, is_any=is_any), rows, upstream, is_any, downstream, inlets, outlets)


@dataclass(frozen=True)
class _Connections:
    """The nodes of the schedules and assets that a DAG is connected with."""

    upstream: Sequence[Node]
    downstream: Sequence[Node]


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
    return "join task", "no command"


def _verb(step: Step) -> Iterator[str]:
    """Yield the Meltano command of the last call, without its options: `meltano el`."""
    program, *words = step.calls[-1]
    yield program
    yield next(word for word in words if not word.startswith("-"))


def _schedule_node(place: str, schedule: Schedule) -> Node:
    address = address_of("pipelines", schedule.relative, schedule.deployment)
    return Node(f"{place} {schedule.name}", (schedule.name, "pipeline"), "schedule", address)


def _asset_node(place: str, asset: Asset) -> Node:
    return Node(f"{place} asset {asset.name}", (asset.name, "asset"), "schedule")


def _graph(schedule: Schedule, rows: Sequence[Row], connections: _Connections, *, is_any: bool) -> Graph:
    nodes = [*connections.upstream]
    arrows = []
    # Several arrows from upstream meet in one node, so that they do not multiply.
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
    for node in connections.downstream:
        nodes.append(node)
        # The last task updates the outlets, which start the downstream schedules.
        arrows.append((f"task {rows[-1].task_id}", node.id))
    return lay_out(nodes, arrows)
