"""Dependencies between schedules, by name and by asset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from codegen.schema.asset import Asset
from codegen.schema.model import Schedule


def updated_by(schedule: Schedule) -> tuple[Asset, ...]:
    """Return the assets that the schedule or its tasks update, without duplicates."""
    of_tasks = (asset for task in schedule.tasks or () for asset in task.arguments.get("outlets", ()))
    return tuple(dict.fromkeys((*schedule.outlets, *of_tasks)))


def producers_of(schedules: Iterable[Schedule]) -> Mapping[Asset, list[str]]:
    """Return the names of the schedules that update each asset."""
    found: dict[Asset, list[str]] = defaultdict(list)
    for schedule in schedules:
        for asset in updated_by(schedule):
            found[asset].append(schedule.name)
    return found


def upstream_names(schedules: Iterable[Schedule]) -> dict[str, set[str]]:
    """Return the names of the schedules that each schedule waits for, including missing schedules."""
    everyone = list(schedules)
    producers, upstream = producers_of(everyone), {}
    for schedule in everyone:
        after = schedule.after
        by_asset = (name for asset in after.assets for name in producers.get(asset, ())) if after else ()
        upstream[schedule.name] = {*(after.names if after else ()), *by_asset}
    return upstream
