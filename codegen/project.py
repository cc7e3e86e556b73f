"""A project's configuration: `[tool.dagpress]` in pyproject.toml, or the same keys in dagpress.toml."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codegen import rules
from codegen.airflow_facts import VERSIONS, newest
from codegen.diagnostics import Diagnostic, Location, nearest, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Project:
    """Where everything is, and which Airflow it is for. The paths are absolute.

    Attributes:
        environments: the names of the deployment environments, each of which has its own tree of generated DAGs.
        separate_system_databases: whether each of them has a system database of Meltano of its own.
        state_id_suffix: what some of them add to the state ids.
        lint: `off`, `warning` or `error` by the code of a warning.
        at: where each key of the configuration is given.
    """

    root: Path
    airflow: str
    schedules: Path
    generated_dags: Path
    templates: Path
    meltano_project: Path
    custom_dags: tuple[Path, ...]
    environments: tuple[str, ...] = ()
    separate_system_databases: bool = False
    state_id_suffix: Mapping[str, str] = field(default_factory=dict, hash=False)
    lint: Mapping[str, str] = field(default_factory=dict, hash=False)
    at: Mapping[str, Location] = field(default_factory=dict, compare=False)


_PATHS = {
    "schedules": "schedules",
    "generated_dags": "generated_dags",
    "templates": "templates",
    "meltano_project": ".",
}
_INSIDE = {"schedules", "generated_dags", "templates"}
# Where Meltano keeps the DAG files of its own orchestrator, and its users theirs.
_CUSTOM_DAGS = "orchestrate/dags"
KEYS = ("airflow", *_PATHS, "custom_dags", "environments", "separate_system_databases", "state_id_suffix")
# An environment is a folder too: none that git or Python leave out, and none that Windows refuses.
_ENVIRONMENT = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[a-z0-9][a-z0-9_-]{0,63}", re.IGNORECASE)
_SUFFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def nearest_project(here: Path) -> Path:
    """The folder itself or the nearest above it that is a project, as git finds its own; else the folder."""
    return next((folder for folder in (here, *here.parents) if _is_project(folder)), here)


def _is_project(folder: Path) -> bool:
    if (folder / "dagpress.toml").is_file() or (folder / "schedules").is_dir():
        return True
    pyproject = folder / "pyproject.toml"
    try:
        return pyproject.is_file() and "[tool.dagpress]" in pyproject.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def read_project(root: Path) -> tuple[Project | None, list[Diagnostic]]:
    """Read a project's configuration; without one, every key has its default.

    Args:
        root: the project's folder.

    Returns:
        The project, or nothing where its configuration has errors; and the errors.
    """
    root = root.resolve()
    try:
        file = _find_file(root)
    except _BrokenFileError as error:
        return None, [error.diagnostic]
    diagnostics = [d for key, value in file.table.items() for d in _check(key, value, file, root)]
    if diagnostics:
        return None, diagnostics
    paths = {key: Path(os.path.normpath(root / file.table.get(key, default))) for key, default in _PATHS.items()}
    custom_dags = _custom_dags(file.table.get("custom_dags"), root, paths["meltano_project"])
    return Project(
        root=root,
        airflow=file.table.get("airflow") or newest(),
        custom_dags=custom_dags,
        environments=tuple(file.table.get("environments", ())),
        separate_system_databases=file.table.get("separate_system_databases", False),
        state_id_suffix=file.table.get("state_id_suffix", {}),
        lint={},
        at={key: file.line_of(key) for key in file.table},
        **paths,
    ), []


def _custom_dags(value: list[str] | None, root: Path, meltano_project: Path) -> tuple[Path, ...]:
    if value is None:
        default = meltano_project / _CUSTOM_DAGS
        return (default,) if default.is_dir() else ()
    return tuple(dict.fromkeys(Path(os.path.normpath(root / name)) for name in value))


def has_configuration(root: Path) -> bool:
    """Whether the folder has a file in which Dagpress is configured."""
    try:
        return bool(_find_file(root).text)
    except _BrokenFileError:
        return True


class _BrokenFileError(Exception):
    def __init__(self, message: str, name: str, line: int = 1) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(rules.INVALID_CONFIGURATION, message, Location(name, line))


@dataclass(frozen=True)
class _File:
    name: str
    text: str
    table: dict[str, Any]

    def line_of(self, key: str) -> Location:
        """Where the key is given, as far as text can tell."""
        table = self.text.find("[tool.dagpress]") if self.name == "pyproject.toml" else 0
        pattern = re.compile(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", re.MULTILINE)
        match = pattern.search(self.text, max(table, 0))
        return Location(self.name, self.text.count("\n", 0, match.start()) + 1 if match else 1)


def _check(key: str, value: object, file: _File, root: Path) -> Iterator[Diagnostic]:
    place = file.line_of(key)
    if key not in KEYS:
        hint = nearest(key, KEYS) or f"the keys are {', '.join(KEYS)}"
        yield Diagnostic(rules.UNKNOWN_KEY, f"{quoted(key)} is not a key of the configuration", place, hint)
    elif key == "custom_dags":
        yield from _check_custom_dags(value, file, root)
    elif key in _CHECKS:
        yield from _CHECKS[key](value, file, place)
    elif not isinstance(value, str):
        yield Diagnostic(rules.INVALID_VALUE, f"{quoted(key)} must be text in quotes", place, f'{key} = "{value}"')
    elif printable(value) != value:
        yield Diagnostic(rules.INVALID_VALUE, f"{quoted(key)} contains invisible characters", place, "rename it")
    elif key == "airflow" and value not in VERSIONS:
        hint = f"one of {', '.join(VERSIONS)}"
        yield Diagnostic(rules.INVALID_VALUE, f"Airflow {quoted(value)} is not supported", place, hint)
    elif key in _INSIDE and root not in Path(os.path.normpath(root / value)).parents:
        hint = "name a folder below the project's"
        yield Diagnostic(rules.INVALID_VALUE, f"{quoted(key)} must be inside the project", place, hint)
    elif key == "meltano_project" and not (root / value / "meltano.yml").is_file():
        message = f"there is no meltano.yml in {quoted(value)}"
        yield Diagnostic(
            rules.INVALID_VALUE, message, place, "set it to the Meltano project directory, or remove the key"
        )


def _check_environments(value: object, _file: _File, place: Location) -> Iterator[Diagnostic]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        message = "`environments` must be a list of texts in quotes"
        yield Diagnostic(rules.INVALID_VALUE, message, place, 'environments = ["dev", "prod"]')
        return
    seen: dict[str, str] = {}
    for name in value:
        if not _ENVIRONMENT.fullmatch(name):
            message = f"{quoted(name)} cannot be the name of an environment, which is also a folder"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "letters, digits, `_` and `-`, at most 64")
        elif first := seen.get(name.lower()):
            # Some file systems know no capitals.
            message = f"{quoted(first)} and {quoted(name)} would be one folder"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "keep one")
        seen.setdefault(name.lower(), name)


def _check_databases(value: object, _file: _File, place: Location) -> Iterator[Diagnostic]:
    if not isinstance(value, bool):
        message = "`separate_system_databases` must be true or false, without quotes"
        yield Diagnostic(rules.INVALID_VALUE, message, place, "separate_system_databases = true")


def _check_suffixes(value: object, file: _File, place: Location) -> Iterator[Diagnostic]:
    given = file.table.get("environments")
    environments = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    if not isinstance(value, dict) or not all(isinstance(suffix, str) for suffix in value.values()):
        message = "`state_id_suffix` must be a table of environments and suffixes in quotes"
        yield Diagnostic(rules.INVALID_VALUE, message, place, 'state_id_suffix = {dev = "dev"}')
        return
    for name, suffix in value.items():
        if name not in environments:
            hint = nearest(name, environments) or f"the environments are {', '.join(environments) or 'none'}"
            yield Diagnostic(rules.INVALID_VALUE, f"there is no environment {quoted(name)}", place, hint)
        elif not _SUFFIX.fullmatch(suffix):
            message = f"{quoted(suffix)} cannot be a suffix of state ids"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "letters, digits, `_`, `.` and `-`")


_CHECKS: Mapping[str, Callable[[object, _File, Location], Iterator[Diagnostic]]] = {
    "environments": _check_environments,
    "separate_system_databases": _check_databases,
    "state_id_suffix": _check_suffixes,
}


def _check_custom_dags(value: object, file: _File, root: Path) -> Iterator[Diagnostic]:
    place = file.line_of("custom_dags")
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        message = "`custom_dags` must be a list of texts in quotes"
        yield Diagnostic(rules.INVALID_VALUE, message, place, f'custom_dags = ["{_CUSTOM_DAGS}"]')
        return
    generated = file.table.get("generated_dags", _PATHS["generated_dags"])
    served = [Path(os.path.normpath(root / generated))] if isinstance(generated, str) else []
    for name in dict.fromkeys(value):
        folder = Path(os.path.normpath(root / name))
        if printable(name) != name:
            message = f"{quoted(name)} contains invisible characters"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "rename it")
        elif not folder.is_dir():
            hint = "create it, or take it out of `custom_dags`"
            yield Diagnostic(rules.INVALID_VALUE, f"there is no folder {quoted(name)}", place, hint)
        elif any(folder in {other, *other.parents} or other in folder.parents for other in served):
            message = f"Airflow would read the files of {quoted(name)} twice"
            hint = "name folders that do not contain each other or `generated_dags`, which Airflow reads anyway"
            yield Diagnostic(rules.INVALID_VALUE, message, place, hint)
        served.append(folder)


def _find_file(root: Path) -> _File:
    """The file of the configuration and its table.

    Raises:
        _BrokenFileError: it cannot be read.
    """
    for name, path_of_table in (("dagpress.toml", ()), ("pyproject.toml", ("tool", "dagpress"))):
        if not (root / name).is_file():
            continue
        try:
            text = (root / name).read_text(encoding="utf-8")
            table: Any = tomllib.loads(text)
        except (OSError, ValueError, RecursionError) as error:
            line = re.search(r"at line (\d+)", str(error))
            raise _BrokenFileError(f"cannot be read: {error}", name, int(line[1]) if line else 1) from error
        for part in path_of_table:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise _BrokenFileError("`tool.dagpress` must be a table", name)
        if table or not path_of_table:
            return _File(name, text, table)
    return _File("pyproject.toml", "", {})
