"""A project's configuration: `[tool.dagpress]` in pyproject.toml, or the same keys in dagpress.toml."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.plan import AIRFLOW_IMPORTS

if TYPE_CHECKING:
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LATEST = list(AIRFLOW_IMPORTS)[-1]


@dataclass(frozen=True)
class Project:
    """Where everything is, and which Airflow it is for. The paths are absolute."""

    root: Path
    airflow: str
    schedules: Path
    generated_dags: Path
    templates: Path
    meltano_project: Path


_PATHS = {
    "schedules": "schedules",
    "generated_dags": "generated_dags",
    "templates": "templates",
    "meltano_project": ".",
}
KEYS = ("airflow", *_PATHS)


def read_project(root: Path) -> tuple[Project | None, list[Diagnostic]]:
    """Read a project's configuration; without one, every key has its default.

    Args:
        root: the project's folder.

    Returns:
        The project, or nothing where its configuration has errors; and the errors.
    """
    root = root.resolve()
    name, table, diagnostics = _table(root)
    for key, value in table.items():
        if key not in KEYS:
            hint = nearest(key, KEYS) or f"the keys are {', '.join(KEYS)}"
            diagnostics.append(
                Diagnostic("unknown-key", f"{quoted(key)} is no key of the configuration", Location(name), hint)
            )
        elif not isinstance(value, str):
            diagnostics.append(
                Diagnostic(
                    "invalid-value", f"{quoted(key)} must be text in quotes", Location(name), f'{key} = "{value}"'
                )
            )
    airflow = table.get("airflow", _LATEST)
    if isinstance(airflow, str) and airflow not in AIRFLOW_IMPORTS:
        hint = f"one of {', '.join(AIRFLOW_IMPORTS)}"
        diagnostics.append(
            Diagnostic("invalid-value", f"Airflow {quoted(airflow)} is not supported", Location(name), hint)
        )
    if diagnostics:
        return None, diagnostics
    paths = {key: root / table.get(key, default) for key, default in _PATHS.items()}
    return Project(root=root, airflow=airflow, **paths), []


def _table(root: Path) -> tuple[str, dict[str, Any], list[Diagnostic]]:
    """The name of the file of the configuration, its table, and what is wrong with it."""
    for name, path_of_table in (("dagpress.toml", ()), ("pyproject.toml", ("tool", "dagpress"))):
        file = root / name
        if not file.is_file():
            continue
        try:
            table: Any = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            return name, {}, [Diagnostic("invalid-configuration", f"cannot be read: {error}", Location(name))]
        for part in path_of_table:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            return name, {}, [Diagnostic("invalid-configuration", "`tool.dagpress` must be a table", Location(name))]
        if table or not path_of_table:
            return name, table, []
    return "pyproject.toml", {}, []
