"""Chooses the Airflow version of the DAG files, from the pins of a project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen import rules
from codegen.airflow_facts import VERSIONS, at_least, facts_of, newest
from codegen.diagnostics import Diagnostic, quoted
from codegen.pins.pin import Pin


@dataclass(frozen=True)
class AirflowChoice:
    """A supported version of Airflow, the pin that it follows, and the warnings about the pins."""

    airflow: str
    pin: Pin | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def reason(self) -> str:
        """The reason for the version, as a phrase."""
        return f"{self.pin.text} in {self.pin.place}" if self.pin else "the newest, as no file of the project pins one"


def choose_airflow(pins: Sequence[Pin]) -> AirflowChoice:
    """The version of the first pin; if that is not supported, the nearest one; without a pin the newest."""
    if not pins:
        return AirflowChoice(newest())
    chosen = pins[0]
    fitting = [version for version in VERSIONS if chosen.fits(version)]
    released = [version for version in fitting if at_least(newest(), version)]
    airflow = (released or fitting or [_nearest(chosen)])[-1]
    diagnostics = [] if fitting else [_unsupported(chosen, airflow)]
    diagnostics += _differing(chosen, pins[1:])
    return AirflowChoice(airflow, chosen, tuple(diagnostics))


def _nearest(pin: Pin) -> str:
    """The oldest supported version from the pinned one on; above all of them, the newest."""
    minor = ".".join(map(str, (*pin.highest.release, 0)[:2]))
    return next((version for version in VERSIONS if at_least(version, minor)), newest())


def _unsupported(pin: Pin, airflow: str) -> Diagnostic:
    first, *_, last = (f"{major}.{minor}" for major, minor in facts_of(airflow).pythons)
    message = f"the Airflow version of {quoted(pin.text)} is not supported, so the DAG files are for Airflow {airflow}"
    hint = f"install Airflow {airflow}, on Python {first} to {last}, before it loads them"
    return Diagnostic(rules.AIRFLOW_VERSION, message, pin.location, hint)


def _differing(chosen: Pin, others: Sequence[Pin]) -> Iterator[Diagnostic]:
    """A warning for each other minor version, at its first pin."""
    seen = {chosen.minor}
    for pin in others:
        if pin.minor in seen or (not pin.minor and (not chosen.minor or pin.fits(chosen.minor))):
            continue
        seen.add(pin.minor)
        message = f"{quoted(pin.text)} is not the Airflow of {quoted(chosen.text)} in {chosen.place}, which applies"
        hint = "pin one version in both places, or change `airflow` in the configuration"
        yield Diagnostic(rules.AIRFLOW_VERSION, message, pin.location, hint)
