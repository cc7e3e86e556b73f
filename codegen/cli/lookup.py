"""Finds schedules by name, and completes names in the shell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NoReturn

import click

from codegen import pipeline
from codegen.cli.deployment import print_environment
from codegen.cli.exit_code import ExitCode
from codegen.cli.options import completing
from codegen.cli.reporting import report
from codegen.diagnostics import quoted
from codegen.files import is_file
from codegen.loader import DEFAULTS, SUFFIXES, find_schedules
from codegen.meltano import MeltanoProject, read_meltano_project
from codegen.pipeline import Reading
from codegen.project import Project
from codegen.schema import Schedule

complete_names = completing(
    lambda project: dict.fromkeys(schedule.name for schedule in pipeline.read(project).schedules)
)
name_argument = click.argument("name", shell_complete=complete_names)


def complete_from_meltano(
    names: Callable[[MeltanoProject], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a shell completion for names in meltano.yml: plugins or jobs."""

    def find(project: Project) -> list[str]:
        meltano, _ = read_meltano_project(project.root, project.meltano_project)
        return sorted(names(meltano)) if meltano else []

    return completing(find)


def find_schedule(project: Project, reading: Reading, name: str, deployment: str = "") -> Schedule:
    """Return the schedule with a name, DAG ID or file, in an environment, by default the first that has it.

    Raises:
        click.ClickException: there is no such schedule.
        click.exceptions.Exit: the schedule has errors, which were printed.
    """
    found = find_all(reading, name)
    if not project.deployments:
        return found[0]
    by_environment = {schedule.deployment: schedule for schedule in reversed(found)}
    if deployment:
        if deployment not in by_environment:
            raise click.ClickException(left_out(name, deployment, found))
        return by_environment[deployment]
    first = next(environment for environment in project.deployments if environment in by_environment)
    print_environment(first)
    return by_environment[first]


def left_out(name: str, deployment: str, found: Sequence[Schedule]) -> str:
    """Return the message for a schedule that only other environments have."""
    others = ", ".join(dict.fromkeys(quoted(schedule.deployment) for schedule in found))
    return f"{quoted(name)} is not in {quoted(deployment)}: `only` restricts it to {others}"


def find_all(reading: Reading, name: str) -> list[Schedule]:
    """Return the schedules with a name, DAG ID or file, in every environment; at least one.

    Raises:
        click.ClickException: there is no such schedule.
        click.exceptions.Exit: the schedule has errors, which were printed.
    """
    found = [schedule for schedule in reading.schedules if _is_named(schedule, name)]
    errors = [d for d in reading.diagnostics if d.is_error]
    own = [d for d in errors if _concerns(PurePosixPath(d.location.path), name, found)]
    if own:
        report(own, "text")
        raise click.exceptions.Exit(ExitCode.BAD_INPUT)
    if not found:
        missing(reading, name)
    return found


def source_of(project: Project, reading: Reading, name: str) -> str | None:
    """Return the file of a schedule. A schedule with errors is found by its file name only."""
    for found in reading.schedules:
        if _is_named(found, name):
            return found.source
    meant = {PurePosixPath(name), PurePosixPath(name + SUFFIXES[0])}
    files, _ = find_schedules(project.root, project.schedules, exclude=project.exclude)
    read = {found.source for found in reading.schedules}
    broken = (f for f in files if f.name not in read and (f.path.stem == name or PurePosixPath(f.name) in meant))
    return next((file.name for file in broken), None)


def _is_named(schedule: Schedule, name: str) -> bool:
    """Return whether a text is the name, the DAG ID or the file of a schedule."""
    return name in {schedule.name, schedule.dag_id_or_default} or PurePosixPath(name) == PurePosixPath(schedule.source)


def meltano_folder(default: Path, path: Path | None = None) -> Path:
    """Return the Meltano project directory: the default, or `path`, which may be its meltano.yml.

    Raises:
        click.ClickException: the directory has no meltano.yml.
    """
    folder = Path(os.path.realpath(path)) if path else default
    if folder.name == "meltano.yml" and is_file(folder):
        folder = folder.parent
    if not is_file(folder / "meltano.yml"):
        hint = "pass the directory of meltano.yml, or set `meltano_project` in the configuration"
        raise click.ClickException(f"no meltano.yml in {quoted(str(path or folder))} ({hint})")
    return folder


def missing(reading: Reading, name: str) -> NoReturn:
    """Print the errors, and raise an error for an unknown schedule that suggests the closest name."""
    report([d for d in reading.diagnostics if d.is_error], "text")
    hint = pipeline.suggest_name(reading, name) or "run `dagpress list` to see the schedules"
    raise click.ClickException(f"unknown schedule {quoted(name)} ({hint})")


def _concerns(path: PurePosixPath, name: str, found: list[Schedule]) -> bool:
    """Return whether a file is the schedule's own, or has defaults that the schedule inherits."""
    if not found:
        return path.stem in {name, DEFAULTS}
    source = PurePosixPath(found[0].source)
    return path == source or (path.stem == DEFAULTS and path.parent in source.parents)
