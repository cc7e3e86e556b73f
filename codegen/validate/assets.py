"""Checks assets: URIs that the project's Airflow rejects, and names of schedules."""

from __future__ import annotations

from collections.abc import Iterator

from codegen import rules
from codegen.airflow_facts import at_least
from codegen.diagnostics import Diagnostic, quoted
from codegen.schema import Schedule
from codegen.schema.asset import Asset
from codegen.schema.edges import producers_of, updated_by


def check_assets(schedules: list[Schedule], airflow: str) -> Iterator[Diagnostic]:
    """Check the assets that the schedules of one environment update and wait for."""
    producers = producers_of(schedules)
    names = {schedule.dag_id_or_default: schedule.name for schedule in schedules}
    names |= {schedule.name: schedule.name for schedule in schedules}
    for schedule in schedules:
        awaited = schedule.after.assets if schedule.after else ()
        for asset in dict.fromkeys((*awaited, *updated_by(schedule), *_inlets_of(schedule))):
            if not asset.uri.isascii() and not at_least(airflow, "3.1"):
                message = f"Airflow {airflow} does not accept {quoted(asset.uri)} as an asset URI"
                yield Diagnostic(rules.UNSUPPORTED, message, asset.at[""], "use only ASCII characters")
        for asset in awaited:
            if asset.name in names and asset not in producers:
                own = names[asset.name]
                message = f"no schedule updates the asset {quoted(asset.name)}, but {quoted(own)} is a schedule"
                hint = f"to wait for the schedule, write {quoted(own)} instead of `asset: ...`"
                yield Diagnostic(rules.SCHEDULE_AS_ASSET, message, asset.at[""], hint)


def _inlets_of(schedule: Schedule) -> Iterator[Asset]:
    for model in (schedule, *(schedule.tasks or ())):
        yield from model.arguments.get("inlets", ())
