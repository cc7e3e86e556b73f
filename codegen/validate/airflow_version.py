"""Checks the configured Airflow version against the pins of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.files import text_of
from codegen.project import Project

# Exact pins in common forms, such as `apache-airflow==2.10.5` and `apache/airflow:2.10.5`. They are cheap to find.
_EXACT = re.compile(r"airflow(?:\[[^\[\]\n]*\])?[ \t]*(?:==|:(?:slim-)?)[ \t]*(\d+\.\d+)", re.IGNORECASE)
_FILES = ("pyproject.toml", "Dockerfile")


def check_airflow_version(project: Project) -> Iterator[Diagnostic]:
    """Compare `airflow` with the exact pins; one equal pin is enough."""
    others = (*sorted(project.root.glob("*requirements*.txt")), *(project.root / each for each in _FILES))
    files = filter(project.boundary.has, (project.meltano_project / "meltano.yml", *others))
    if not any(_names_another(path, project.airflow) for path in files):
        return
    # The import takes 15 ms, and few projects need it.
    from codegen.pins import AIRFLOW, choose_airflow, find_pins  # noqa: PLC0415

    pins = find_pins(project.root, project.meltano_project, AIRFLOW)
    exact = [pin for pin in pins if pin.minor and not pin.is_installed]
    # The import takes the nearest supported version of an unsupported pin, with a warning.
    pinned = choose_airflow(exact).airflow
    if exact and project.airflow not in {pinned, *(pin.minor for pin in exact)}:
        first = exact[0]
        message = f"the DAG files are for Airflow {project.airflow}, but {first.place} pins {quoted(first.text)}"
        line = f'airflow = "{pinned}"'
        hint = f"write {quoted(line)}, or change the pin"
        yield Diagnostic(rules.AIRFLOW_VERSION, message, project.at["airflow"], hint)


def _names_another(path: Path, airflow: str) -> bool:
    return any(match[1] != airflow for match in _EXACT.finditer(text_of(path)))
