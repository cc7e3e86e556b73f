"""Templates: the variables that they use must be there in the runs that there will be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codegen.airflow_context import OF_A_DATE, OF_AN_INTERVAL
from codegen.airflow_version import is_2
from codegen.diagnostics import Diagnostic, Severity, quoted
from codegen.schema.keys import keys_of
from codegen.schema.kinds import Environment, Run, TemplatedText
from codegen.schema.step_kinds import MeltanoCommands, OpKwargs
from codegen.templating import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.diagnostics import Location
    from codegen.schema import Schedule

_TEMPLATED = (Environment, MeltanoCommands, OpKwargs, Run, TemplatedText)


def check_templates(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """On Airflow 3 a run has a date only where the clock starts it, and a data interval only where that is wished."""
    if is_2(airflow):
        return
    for text, place in _texts_of(schedule, schedule.where()):
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


def _texts_of(model: Any, place: Location) -> Iterator[tuple[str, Location]]:  # noqa: ANN401  # a schedule, or a map in it
    """Every value that can be a template, and where it stands."""
    at: Mapping[str, Location] = model.at
    for name, field in keys_of(type(model)).items():
        value, own = getattr(model, name), at.get(name, place)
        if isinstance(field.metadata["kind"], _TEMPLATED):
            yield from ((text, own) for text in _strings(value))
        for part in value if isinstance(value, tuple) else [value]:
            if hasattr(part, "at"):
                yield from _texts_of(part, own)


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401  # any value of those kinds
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | tuple | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(part)
