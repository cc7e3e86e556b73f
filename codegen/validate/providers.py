"""Checks the providers that alerts need: with an older one, the DAG does not load, or alerts are lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.project import Project
from codegen.schema import Schedule
from codegen.schema.alerts import DEADLINE, EVENTS, Alert


def check_providers(schedules: Iterable[Schedule], project: Project) -> Iterator[Diagnostic]:
    """Compare the provider version that each alert needs with the pinned or installed one."""
    alerts: dict[tuple[str, str], list[Alert]] = {}
    for alert in _alerts_of(schedules):
        if alert.kind.provider:
            alerts.setdefault(alert.kind.provider, []).append(alert)
    for (package, minimum), those in alerts.items():
        # The import takes 10 ms, and few projects need it.
        from codegen.pins import find_pins  # noqa: PLC0415

        pin = next(iter(find_pins(project.root, project.meltano_project, package, project.airflow)), None)
        if pin and pin.is_below(minimum):
            wanted = quoted(f"{package}>={minimum}")
            hint = f"install {wanted} there" if pin.is_installed else f"raise it to {wanted} in {pin.place}"
            for alert in those:
                kind = alert.kind.reference_group.removeprefix("alert ")
                message = (
                    f"an alert {kind} requires {package} {minimum} or newer, but {pin.place} has {quoted(pin.text)}"
                )
                yield Diagnostic(rules.UNSUPPORTED, message, alert.kind.at[""], hint)


def _alerts_of(schedules: Iterable[Schedule]) -> Iterator[Alert]:
    for schedule in schedules:
        for model, events in ((schedule, (*EVENTS, DEADLINE)), *((task, EVENTS) for task in schedule.tasks or ())):
            for event in events:
                yield from getattr(model, event) or ()
