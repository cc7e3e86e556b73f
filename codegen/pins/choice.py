"""Chooses the Airflow version of the DAG files, from the pins of a project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen import rules
from codegen.airflow_facts import VERSIONS, at_least, facts_of, newest
from codegen.diagnostics import Diagnostic, quoted
from codegen.pins.pin import Pin

_NO_PIN = "no file of the project pins a version"


@dataclass(frozen=True)
class AirflowChoice:
    """A supported version of Airflow, the reason for it, the pin that it follows, and the warnings about the pins."""

    airflow: str
    reason: str
    pin: Pin | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def choose_airflow(pins: Sequence[Pin]) -> AirflowChoice:
    """Return the version of the first pin, or the nearest supported one; without a known version, the newest."""
    known, unknown = [pin for pin in pins if pin.specifier], [pin for pin in pins if not pin.specifier]
    if not known:
        because = f"the version of {unknown[0].text} in {unknown[0].place} is unknown" if unknown else _NO_PIN
        return AirflowChoice(newest(), f"the newest, as {because}", None, tuple(_unknown(unknown, newest())))
    chosen = known[0]
    fitting = [version for version in VERSIONS if chosen.fits(version)]
    released = [version for version in fitting if at_least(newest(), version)]
    airflow = (released or fitting or [_nearest(chosen)])[-1]
    diagnostics = [] if fitting else [_unsupported(chosen, airflow)]
    diagnostics += [*_differing(chosen, known[1:]), *_unknown(unknown, airflow)]
    return AirflowChoice(airflow, f"{chosen.text} in {chosen.place}", chosen, tuple(diagnostics))


def _nearest(pin: Pin) -> str:
    """Return the oldest supported version that is not older than the pin, else the newest."""
    minor = ".".join(map(str, (*pin.highest.release, 0)[:2]))
    return next((version for version in VERSIONS if at_least(version, minor)), newest())


def _unsupported(pin: Pin, airflow: str) -> Diagnostic:
    first, *_, last = (f"{major}.{minor}" for major, minor in facts_of(airflow).pythons)
    message = f"the Airflow version of {quoted(pin.text)} is not supported, so the DAG files are for Airflow {airflow}"
    hint = f"upgrade to Airflow {airflow}, on Python {first} to {last}"
    return Diagnostic(rules.AIRFLOW_VERSION, message, pin.location, hint)


def _unknown(pins: Sequence[Pin], airflow: str) -> Iterator[Diagnostic]:
    """Yield a warning for the first pin with an unreadable version."""
    for pin in pins[:1]:
        message = f"the Airflow version of {quoted(pin.text)} is unknown, so the DAG files are for Airflow {airflow}"
        yield Diagnostic(rules.AIRFLOW_VERSION, message, pin.location, "set `airflow` in dagpress.toml")


def _differing(chosen: Pin, others: Sequence[Pin]) -> Iterator[Diagnostic]:
    """Yield a warning for each other minor version, at its first pin."""
    seen = {chosen.minor}
    for pin in others:
        if pin.minor in seen or (not pin.minor and (not chosen.minor or pin.fits(chosen.minor))):
            continue
        seen.add(pin.minor)
        message = f"{quoted(pin.text)} differs from {quoted(chosen.text)} in {chosen.place}, which takes precedence"
        hint = "pin the same version in both places, or change `airflow` in the configuration"
        yield Diagnostic(rules.AIRFLOW_VERSION, message, pin.location, hint)
