"""The edges between schedules: by name, and by assets that one updates and another waits for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from codegen.schema.asset import Asset
from codegen.schema.model import Schedule


def updated_by(schedule: Schedule) -> tuple[Asset, ...]:
    """The assets that the schedule or one of its tasks updates, each once."""
    of_tasks = (asset for task in schedule.tasks or () for asset in task.arguments.get("outlets", ()))
    return tuple(dict.fromkeys((*schedule.outlets, *of_tasks)))


def feeders_of(schedules: Iterable[Schedule]) -> Mapping[Asset, list[str]]:
    """The names of the schedules that update each asset."""
    found: dict[Asset, list[str]] = defaultdict(list)
    for schedule in schedules:
        for asset in updated_by(schedule):
            found[asset].append(schedule.name)
    return found


def waits_of(schedules: Iterable[Schedule]) -> dict[str, set[str]]:
    """The names of the schedules that each schedule waits for, also missing ones."""
    everyone = list(schedules)
    feeders, waits = feeders_of(everyone), {}
    for schedule in everyone:
        after = schedule.after
        by_asset = (name for asset in after.assets for name in feeders.get(asset, ())) if after else ()
        waits[schedule.name] = {*(after.names if after else ()), *by_asset}
    return waits
