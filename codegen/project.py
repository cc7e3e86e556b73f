"""A project: its configuration with absolute paths, and the checks between keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from codegen import rules
from codegen.configuration.file import OWN_FILE, find_configuration, has_configuration
from codegen.configuration.model import CUSTOM_DAGS, Configuration, check_required_version, read_configuration
from codegen.configuration.toml_reader import BrokenFileError, read_toml
from codegen.diagnostics import Diagnostic, Location, in_order, nearest, nearest_code, quoted
from codegen.files import Boundary, exists, is_file, is_folder, work_tree_of
from codegen.loader import excludes
from codegen.source.nodes import ListNode, MapNode, Node, Scalar
from codegen.text.ids import file_key


@dataclass(frozen=True)
class Project:
    """A valid `Configuration` with absolute paths and defaults; `at` has the locations of its keys."""

    root: Path
    airflow: str
    schedules: Path
    generated_dags: Path
    layout: str
    templates: Path
    meltano_project: Path
    custom_dags: tuple[Path, ...]
    exclude: tuple[str, ...]
    deployments: tuple[str, ...]
    separate_system_databases: bool
    state_id_suffix: Mapping[str, str] = field(hash=False)
    dag_id_prefix: str
    project_root_variable: str
    review: bool
    lint: Mapping[str, str] = field(hash=False)
    at: Mapping[str, Location] = field(compare=False)

    @cached_property
    def boundary(self) -> Boundary:
        """The boundary for reads: the git work trees of the project and of its Meltano project."""
        return Boundary(self.root, self.meltano_project)

    def relative(self, path: Path) -> str:
        """Return the path of a file in the project, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def dag_file(self, relative: str, deployment: str = "") -> str:
        """Return the DAG file of a schedule, as a path in the project; `relative` is below the schedules folder."""
        parent, _, _ = relative.rpartition("/")
        name = parent if parent and self.layout == "folder" else os.path.splitext(relative)[0]  # noqa: PTH122  # faster
        return "/".join(filter(None, (self._generated_dags, deployment, f"{name}.py")))

    @cached_property
    def _generated_dags(self) -> str:
        return self.relative(self.generated_dags)


def nearest_project(here: Path) -> Path:
    """Return the nearest project from a folder up to the git root, else the folder itself."""
    return next(filter(_is_project, _around(here)), here)


def project_to_set_up(here: Path) -> Path:
    """Return the folder for `init` and `import`: the nearest Meltano project, unless a project is configured for it."""
    root = nearest_project(here)
    meltano = next((each for each in _around(here) if is_file(each / "meltano.yml")), None)
    if meltano is None or meltano == root:
        return root
    if not _is_project(root):
        return meltano
    project, _ = read_project(root)
    is_another = root in meltano.parents and project is not None and project.meltano_project != meltano
    return meltano if is_another else root


def _around(here: Path) -> Iterator[Path]:
    """Return a folder and its parents up to the git root; without git, only the folder."""
    tree = work_tree_of(here) or here
    return (each for each in (here, *here.parents) if tree in {each, *each.parents})


def _is_project(folder: Path) -> bool:
    return has_configuration(folder) or is_folder(folder / "schedules")


def read_project(root: Path, planned: str = "") -> tuple[Project | None, list[Diagnostic]]:
    """Return the project in a folder, or None if its configuration has errors, and the errors.

    Args:
        root: the folder.
        planned: the text of a dagpress.toml that is not written yet, for a project without a configuration.
    """
    root = root.resolve()
    try:
        table = find_configuration(root) or (read_toml(planned, OWN_FILE) if planned else None)
    except BrokenFileError as error:
        return None, [error.diagnostic]
    if table is None:
        return None, [_not_configured(root)]
    diagnostics = check_required_version(table)
    if not diagnostics:
        configuration = read_configuration(table, diagnostics.append)
        diagnostics += _check(configuration, table, root)
    return (None, in_order(diagnostics)) if diagnostics else (_project(root, configuration), [])


def _not_configured(root: Path) -> Diagnostic:
    if is_folder(root / "schedules"):
        line, pinned = _version_line(root, root)
        message = f"this file, which sets the Airflow version of the DAG files, is missing{pinned}"
        return Diagnostic(rules.MISSING_KEY, message, Location(OWN_FILE), f"create it with the line {line}")
    hint = "run `dagpress init` for a new project, or `dagpress import` for only the schedules in meltano.yml"
    return Diagnostic(rules.NO_SCHEDULES, "this directory is not a Dagpress project", Location("."), hint)


def is_excluded(project: Project, file: str) -> bool:
    """Return whether `exclude` matches a file, given by its path in the project."""
    relative = (project.root / file).relative_to(project.schedules)
    return excludes(project.exclude, relative)


# The folders that must be inside the project.
_INSIDE = ("schedules", "generated_dags", "templates")


def _project(root: Path, configuration: Configuration) -> Project:
    values: dict[str, Any] = {each.name: getattr(configuration, each.name, None) for each in fields(Project)}
    values |= {name: _path(root, getattr(configuration, name)) for name in (*_INSIDE, "meltano_project")}
    if configuration.custom_dags is None:
        default = values["meltano_project"] / CUSTOM_DAGS
        values["custom_dags"] = (default,) if is_folder(default) else ()
    else:
        values["custom_dags"] = tuple(dict.fromkeys(_path(root, name) for name in configuration.custom_dags))
    return Project(**{**values, "root": root, "deployments": configuration.environments})


def _path(root: Path, text: str) -> Path:
    return Path(os.path.normpath(root / text))


def _check(configuration: Configuration, table: MapNode, root: Path) -> Iterator[Diagnostic]:
    """Check the keys against each other and against the files of the project."""
    environments = _texts(table.get("environments"))
    yield from _check_airflow(configuration, table, root)
    yield from _check_folders(configuration, root)
    yield from _check_places(configuration, root)
    yield from _check_meltano_project(table, root)
    yield from _check_deployments(environments)
    yield from _check_suffixes(table, [name for name, _ in environments])
    yield from _check_lint(table)
    yield from _check_custom_dags(configuration, table, root)


def _check_airflow(configuration: Configuration, table: MapNode, root: Path) -> Iterator[Diagnostic]:
    if "airflow" not in table.entries:
        line, pinned = _version_line(root, _path(root, configuration.meltano_project))
        message = f"the configuration requires `airflow`, the Airflow version of the DAG files{pinned}"
        where = "at the top" if table.location.path == OWN_FILE else "to `[tool.dagpress]`"
        yield Diagnostic(rules.MISSING_KEY, message, table.location, f"add the line {line} {where}")


def _version_line(root: Path, meltano: Path) -> tuple[str, str]:
    """Return the line `airflow = ...` for the version that the project pins, and a clause that names the pin."""
    # The import takes 10 ms, and few projects need it.
    from codegen.pins import AIRFLOW, choose_airflow, find_pins  # noqa: PLC0415

    choice = choose_airflow(find_pins(root, meltano, AIRFLOW))
    pinned = f"; the project pins {choice.reason}" if choice.pin else ""
    return quoted(f'airflow = "{choice.airflow}"'), pinned


def _check_folders(configuration: Configuration, root: Path) -> Iterator[Diagnostic]:
    for key in _INSIDE:
        if root not in _path(root, getattr(configuration, key)).parents:
            message = f"{quoted(key)} must be inside the project"
            yield Diagnostic(
                rules.INVALID_VALUE, message, configuration.at[key], "use a folder in the project directory"
            )
    schedules, generated = (_path(root, name) for name in (configuration.schedules, configuration.generated_dags))
    if schedules in {generated, *generated.parents} or generated in schedules.parents:
        place = configuration.at.get("generated_dags") or configuration.at["schedules"]
        message = "the schedules and the generated DAG files must be in separate folders"
        yield Diagnostic(rules.INVALID_VALUE, message, place, "use a folder outside the other one")


def _check_places(configuration: Configuration, root: Path) -> Iterator[Diagnostic]:
    """Check that each path is missing or a folder, and that symlinks do not lead it outside the boundary."""
    boundary = Boundary(root)
    inside = [_path(root, getattr(configuration, key)) for key in _INSIDE]
    others = [_path(root, name) for name in (configuration.meltano_project, *(configuration.custom_dags or ()))]
    for path in (*inside, *others):
        if boundary.folder in path.parents and (problem := boundary.problem(path)):
            yield problem
        elif path in inside and exists(path) and not is_folder(path):
            place = Location(os.path.relpath(path, root).replace(os.sep, "/"))
            yield Diagnostic(rules.UNREADABLE, "this is not a folder", place, "remove the file")


def _check_meltano_project(table: MapNode, root: Path) -> Iterator[Diagnostic]:
    node = table.get("meltano_project")
    if not isinstance(node, Scalar) or node.kind != "str" or is_file(root / node.text / "meltano.yml"):
        return
    hint = "set it to the Meltano project directory, or remove the key"
    yield Diagnostic(rules.INVALID_VALUE, f"no meltano.yml in {quoted(node.text)}", node.location, hint)


def _check_lint(table: MapNode) -> Iterator[Diagnostic]:
    levels = table.get("lint")
    for code, entry in levels.entries.items() if isinstance(levels, MapNode) else ():
        rule = rules.RULES.get(code)
        if rule is None:
            message, hint = f"unknown rule {quoted(code)}", nearest_code(code)
        elif rule.severity is rules.Severity.ERROR:
            message, hint = f"{quoted(code)} is an error: only the severity of a warning can be changed", "remove it"
        else:
            continue
        yield Diagnostic(rules.INVALID_VALUE, message, entry.key_location, hint)


def _check_deployments(environments: list[tuple[str, Location]]) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for name, place in environments:
        if first := seen.get(file_key(name)):
            message = f"{quoted(first)} and {quoted(name)} would have the same folder"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "keep one")
        seen.setdefault(file_key(name), name)


def _check_suffixes(table: MapNode, deployments: list[str]) -> Iterator[Diagnostic]:
    suffixes = table.get("state_id_suffix")
    for name, entry in suffixes.entries.items() if isinstance(suffixes, MapNode) else ():
        if name not in deployments:
            hint = (
                nearest(name, deployments) or f"expected one of {', '.join(deployments)}"
                if deployments
                else "remove it"
            )
            yield Diagnostic(rules.INVALID_VALUE, f"unknown environment {quoted(name)}", entry.key_location, hint)


def _check_custom_dags(configuration: Configuration, table: MapNode, root: Path) -> Iterator[Diagnostic]:
    served = [_path(root, configuration.generated_dags)]
    for name, place in dict(_texts(table.get("custom_dags"))).items():
        folder = _path(root, name)
        if not is_folder(folder):
            hint = "create it, or remove it from `custom_dags`"
            yield Diagnostic(rules.INVALID_VALUE, f"the folder {quoted(name)} does not exist", place, hint)
        elif any(folder in {other, *other.parents} or other in folder.parents for other in served):
            message = f"Airflow would read the files of {quoted(name)} twice"
            hint = "use folders that do not contain each other or `generated_dags`, which Airflow always reads"
            yield Diagnostic(rules.INVALID_VALUE, message, place, hint)
        served.append(folder)


def _texts(node: Node | None) -> list[tuple[str, Location]]:
    """Return the texts in a list with their locations; the type reports other values."""
    items = node.items if isinstance(node, ListNode) else ()
    return [(item.text, item.location) for item in items if isinstance(item, Scalar) and item.kind == "str"]
