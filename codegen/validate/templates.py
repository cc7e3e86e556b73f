"""Templates: the variables that they use must be there in the runs that there will be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codegen.airflow_context import OF_A_DATE, OF_AN_INTERVAL
from codegen.airflow_version import is_2
from codegen.diagnostics import Diagnostic, Severity, quoted
from codegen.schema.alerts import DEADLINE, EVENTS
from codegen.schema.keys import keys_of
from codegen.templating import names_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codegen.diagnostics import Location
    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule

# Of these, `check_alerts` knows which variables there are.
_ALERTS = {*EVENTS, DEADLINE}


def check_templates(schedule: Schedule, meltano: MeltanoProject | None, airflow: str) -> Iterator[Diagnostic]:
    """On Airflow 3 a run has a date only where the clock starts it, and a data interval only where that is wished."""
    if is_2(airflow):
        return
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    values = templated_values(schedule, schedule.where(), without=_ALERTS)
    for text, place in [
        *((text, place) for value, place in values for text in _strings(value)),
        *((run, schedule.where("job")) for run in (job.tasks if job else ())),
    ]:
        used = names_of(text)
        for name in sorted(used & (OF_A_DATE | OF_AN_INTERVAL)) if schedule.after else ():
            message = f"a run that another schedule starts has no {quoted(name)} on Airflow 3, and the task fails"
            hint = "use `dag_run.run_after`, or `triggering_asset_events`"
            yield Diagnostic("no-logical-date", message, place, hint, Severity.FINDING)
        if not schedule.after and schedule.clock.cron and not schedule.has_data_intervals(airflow):
            for name in sorted(used & OF_AN_INTERVAL):
                message = f"on Airflow 3 the data interval of {quoted(name)} has no length"
                hint = "set `data_interval: true`, or use `logical_date`"
                yield Diagnostic("no-data-interval", message, place, hint, Severity.FINDING)


def templated_values(
    model: Any,  # noqa: ANN401  # a schedule, or a map in it
    place: Location,
    without: Collection[str] = (),
) -> Iterator[tuple[Any, Location]]:
    """Every value of a schedule in which Airflow evaluates templates, and where it stands.

    Args:
        model: the schedule, or a map in it.
        place: where that stands.
        without: the keys to leave out, at any depth.
    """
    at: Mapping[str, Location] = model.at
    for name, field in keys_of(type(model)).items():
        value, own = getattr(model, name), at.get(name, at.get("", place))
        if name in without or not value:
            continue
        if field.metadata["kind"].is_templated:
            yield value, own
        for part in value if isinstance(value, tuple) else [value]:
            if hasattr(part, "at"):
                yield from templated_values(part, own, without)


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401  # any value of those kinds
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | tuple | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(part)
