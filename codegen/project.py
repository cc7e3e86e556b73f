"""A project's configuration: `[tool.dagpress]` in pyproject.toml, or the same keys in dagpress.toml."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from codegen import rules
from codegen.airflow_facts import newest
from codegen.configuration import (
    CUSTOM_DAGS,
    BrokenFileError,
    Configuration,
    check_required_version,
    find_configuration,
    names_configuration,
    read_configuration,
)
from codegen.diagnostics import Diagnostic, Location, in_order, nearest, nearest_code, quoted
from codegen.loader import Exclusion
from codegen.schema.model import DAG_ID_PREFIX, PROJECT_ROOT_VARIABLE
from codegen.source.nodes import ListNode, MapNode, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Project:
    """Where everything is, and which Airflow it is for. The paths are absolute.

    Attributes:
        exclude: gitignore patterns of what is not a schedule below the folder of schedules.
        environments: the names of the deployment environments, each of which has its own tree of generated DAGs.
        separate_system_databases: whether each of them has a system database of Meltano of its own.
        state_id_suffix: what some of them add to the state ids.
        dag_id_prefix: the beginning of the DAG ids that schedules do not set themselves.
        project_root_variable: the environment variable of the workers that names the Meltano project directory.
        lint: the severities of warnings, by code: `off`, `warning` or `error`.
        at: where the value of each key of the configuration is given.
    """

    root: Path
    airflow: str
    schedules: Path
    generated_dags: Path
    templates: Path
    meltano_project: Path
    custom_dags: tuple[Path, ...]
    exclude: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    separate_system_databases: bool = False
    state_id_suffix: Mapping[str, str] = field(default_factory=dict, hash=False)
    dag_id_prefix: str = DAG_ID_PREFIX
    project_root_variable: str = PROJECT_ROOT_VARIABLE
    lint: Mapping[str, str] = field(default_factory=dict, hash=False)
    at: Mapping[str, Location] = field(default_factory=dict, compare=False)

    def relative(self, path: Path) -> str:
        """The path of a file in the project, with forward slashes."""
        return path.relative_to(self.root).as_posix()


_INSIDE = ("schedules", "generated_dags", "templates")


def nearest_project(here: Path) -> Path:
    """The folder itself or the nearest above it that is a project, as git finds its own; else the folder."""
    return next((folder for folder in (here, *here.parents) if _is_project(folder)), here)


def _is_project(folder: Path) -> bool:
    return names_configuration(folder) or (folder / "schedules").is_dir()


def has_configuration(root: Path) -> bool:
    """Whether the folder has a file in which Dagpress is configured."""
    return names_configuration(root)


def read_project(root: Path) -> tuple[Project | None, list[Diagnostic]]:
    """Read a project's configuration; without one, every key has its default.

    Args:
        root: the project's folder.

    Returns:
        The project, or nothing where its configuration has errors; and the errors.
    """
    root = root.resolve()
    try:
        file = find_configuration(root)
    except BrokenFileError as error:
        return None, [error.diagnostic]
    if file is None:
        return _project(root, Configuration()), []
    diagnostics = check_required_version(file.table)
    if not diagnostics:
        configuration = read_configuration(file.table, diagnostics.append)
        diagnostics += _check(configuration, file.table, root)
    return (None, in_order(diagnostics)) if diagnostics else (_project(root, configuration), [])


def is_excluded(project: Project, file: str) -> bool:
    """Whether the configuration excludes a file, so that it is not a schedule.

    Args:
        project: the project.
        file: its path in the project, with forward slashes; it is below the folder of schedules.
    """
    relative = (project.root / file).relative_to(project.schedules)
    return Exclusion(project.exclude).covers(relative.as_posix())


# What a project has as its configuration says it.
_AS_CONFIGURED = (
    *("exclude", "environments", "separate_system_databases", "state_id_suffix"),
    *("dag_id_prefix", "project_root_variable", "lint", "at"),
)


def _project(root: Path, configuration: Configuration) -> Project:
    meltano_project = _path(root, configuration.meltano_project)
    return Project(
        root=root,
        airflow=configuration.airflow or newest(),
        schedules=_path(root, configuration.schedules),
        generated_dags=_path(root, configuration.generated_dags),
        templates=_path(root, configuration.templates),
        meltano_project=meltano_project,
        custom_dags=_custom_dags(configuration.custom_dags, root, meltano_project),
        **{name: getattr(configuration, name) for name in _AS_CONFIGURED},
    )


def _path(root: Path, text: str) -> Path:
    return Path(os.path.normpath(root / text))


def _custom_dags(given: tuple[str, ...] | None, root: Path, meltano_project: Path) -> tuple[Path, ...]:
    if given is None:
        default = meltano_project / CUSTOM_DAGS
        return (default,) if default.is_dir() else ()
    return tuple(dict.fromkeys(_path(root, name) for name in given))


def _check(configuration: Configuration, table: MapNode, root: Path) -> Iterator[Diagnostic]:
    """Check what the kinds of the values do not know: the other keys, and the files of the project."""
    yield from _check_folders(configuration, root)
    yield from _check_meltano_project(table, root)
    yield from _check_environments(table)
    yield from _check_suffixes(table)
    yield from _check_lint(table)
    yield from _check_custom_dags(configuration, table, root)


def _check_folders(configuration: Configuration, root: Path) -> Iterator[Diagnostic]:
    for key in _INSIDE:
        if root not in _path(root, getattr(configuration, key)).parents:
            message = f"{quoted(key)} must be inside the project"
            yield Diagnostic(rules.INVALID_VALUE, message, configuration.at[key], "name a folder below the project's")
    schedules, generated = (_path(root, name) for name in (configuration.schedules, configuration.generated_dags))
    if schedules in {generated, *generated.parents} or generated in schedules.parents:
        place = configuration.at.get("generated_dags") or configuration.at["schedules"]
        message = "the schedules and the generated DAG files must be in separate folders"
        yield Diagnostic(rules.INVALID_VALUE, message, place, "name a folder beside the other")


def _check_meltano_project(table: MapNode, root: Path) -> Iterator[Diagnostic]:
    node = table.get("meltano_project")
    if not isinstance(node, Scalar) or node.kind != "str" or (root / node.text / "meltano.yml").is_file():
        return
    hint = "set it to the Meltano project directory, or remove the key"
    yield Diagnostic(rules.INVALID_VALUE, f"there is no meltano.yml in {quoted(node.text)}", node.location, hint)


def _check_lint(table: MapNode) -> Iterator[Diagnostic]:
    levels = table.get("lint")
    for code, entry in levels.entries.items() if isinstance(levels, MapNode) else ():
        rule = rules.RULES.get(code)
        if rule is None:
            message, hint = f"there is no rule {quoted(code)}", nearest_code(code)
        elif rule.severity is rules.Severity.ERROR:
            message, hint = f"{quoted(code)} is an error: only the severity of a warning can be changed", "remove it"
        else:
            continue
        yield Diagnostic(rules.INVALID_VALUE, message, entry.key_location, hint)


def _check_environments(table: MapNode) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for name, place in _texts(table.get("environments")):
        if first := seen.get(name.lower()):
            # Some file systems know no capitals.
            message = f"{quoted(first)} and {quoted(name)} would be one folder"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "keep one")
        seen.setdefault(name.lower(), name)


def _check_suffixes(table: MapNode) -> Iterator[Diagnostic]:
    environments = [name for name, _ in _texts(table.get("environments"))]
    suffixes = table.get("state_id_suffix")
    for name, entry in suffixes.entries.items() if isinstance(suffixes, MapNode) else ():
        if name not in environments:
            hint = nearest(name, environments) or f"the environments are {', '.join(environments) or 'none'}"
            yield Diagnostic(rules.INVALID_VALUE, f"there is no environment {quoted(name)}", entry.key_location, hint)


def _check_custom_dags(configuration: Configuration, table: MapNode, root: Path) -> Iterator[Diagnostic]:
    served = [_path(root, configuration.generated_dags)]
    for name, place in dict(_texts(table.get("custom_dags"))).items():
        folder = _path(root, name)
        if not folder.is_dir():
            hint = "create it, or remove it from `custom_dags`"
            yield Diagnostic(rules.INVALID_VALUE, f"there is no folder {quoted(name)}", place, hint)
        elif any(folder in {other, *other.parents} or other in folder.parents for other in served):
            message = f"Airflow would read the files of {quoted(name)} twice"
            hint = "name folders that do not contain each other or `generated_dags`, which Airflow reads anyway"
            yield Diagnostic(rules.INVALID_VALUE, message, place, hint)
        served.append(folder)


def _texts(node: Node | None) -> list[tuple[str, Location]]:
    """The texts of a list, and where they stand; whatever else is there, its kind has reported."""
    items = node.items if isinstance(node, ListNode) else ()
    return [(item.text, item.location) for item in items if isinstance(item, Scalar) and item.kind == "str"]
