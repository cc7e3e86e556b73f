"""Checks dependencies between schedules: they must exist and must not be circular."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from codegen import rules
from codegen.airflow_facts import facts_of
from codegen.diagnostics import Diagnostic, nearest, quoted
from codegen.schema import Schedule
from codegen.schema.after import After
from codegen.schema.edges import updated_by, upstream_names


def check_after(
    schedules: list[Schedule], broken: Collection[str], everywhere: Collection[str], airflow: str
) -> Iterator[Diagnostic]:
    """Check that schedules wait for existing schedules, and not for each other, directly or by assets.

    See `check_together` for the arguments.
    """
    by_name = {schedule.name: schedule for schedule in schedules}
    names = {*by_name, *broken}
    for schedule in schedules:
        if schedule.after:
            yield from _check_names(schedule, schedule.after, names, everywhere)
            yield from _check_own_assets(schedule, schedule.after)
            # Runs that an asset starts have no logical date to compare with the end date.
            if schedule.end_date and facts_of(airflow).optional_logical_date:
                message = f"Airflow {airflow} ignores `end_date` for runs that other schedules start, so they continue"
                hint = "set `end_date` in the schedules that it waits for, or remove it"
                yield Diagnostic(rules.NO_END, message, schedule.where("end_date"), hint)
    waits = {
        name: sorted((those & by_name.keys()) - {name}) for name, those in upstream_names(schedules).items() if those
    }
    if cycle := cycle_in(waits):
        message = f"the schedules wait for each other: {' -> '.join(quoted(name) for name in cycle)}"
        yield Diagnostic(rules.CYCLE, message, by_name[cycle[0]].where("after"), "remove one `after`")


def _check_names(
    schedule: Schedule, after: After, names: set[str], everywhere: Collection[str]
) -> Iterator[Diagnostic]:
    place = schedule.where("after")
    for name in after.names:
        if name == schedule.name:
            yield Diagnostic(rules.CYCLE, f"{quoted(name)} waits for itself", place, "remove it from `after`")
        elif name not in names and name in everywhere:
            where = schedule.deployment
            message = f"`only` excludes the schedule {quoted(name)} from {quoted(where)}"
            without = "after: null" if schedule.interval else 'after: null, interval: "@manual"'
            hint = f"add `only` here, too, or write `environments: {{{where}: {{{without}}}}}`"
            yield Diagnostic(rules.UNKNOWN_SCHEDULE, message, place, hint)
        elif name not in names:
            hint = nearest(name, names - {schedule.name}) or "run `dagpress list` to see the schedules"
            yield Diagnostic(rules.UNKNOWN_SCHEDULE, f"unknown schedule {quoted(name)}", place, hint)


def _check_own_assets(schedule: Schedule, after: After) -> Iterator[Diagnostic]:
    for asset in {*after.assets} & {*updated_by(schedule)}:
        message = f"{quoted(schedule.name)} waits for the asset {quoted(asset.name)}, which it updates itself"
        yield Diagnostic(rules.CYCLE, message, asset.at[""], "remove it from `after`")


def cycle_in(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a cycle in a graph of nodes and the nodes that they wait for, if there is one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
