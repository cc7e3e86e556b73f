"""Which of the project's deployment environments a command is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from codegen.cli.printer import echo
from codegen.diagnostics import count, nearest, quoted
from codegen.project import nearest_project, read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codegen.project import Project
    from codegen.schema import Schedule

VARIABLE = "DAGPRESS_ENVIRONMENT"
_CURE = 'set environments = ["dev", "prod"] in the configuration'


def complete_environments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the environments."""
    project, _ = read_project(context.find_root().params.get("project") or nearest_project(Path.cwd()))
    return [name for name in (project.environments if project else ()) if name.startswith(incomplete)]


def environment_option(default: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """The option `--environment`.

    Args:
        default: what the command is about without it, for the help.
    """
    return click.option(
        "-e",
        "--environment",
        "deployment",
        metavar="NAME",
        envvar=VARIABLE,
        show_envvar=True,
        shell_complete=complete_environments,
        help=f"The deployment environment.  [default: {default}]",
    )


def chosen_environment(project: Project, name: str | None) -> str:
    """The environment that the option or the variable names; empty where neither does.

    The variable may be meant for another project, so that it counts for nothing in one without environments.

    Raises:
        click.UsageError: there is no such environment.
    """
    source = click.get_current_context().get_parameter_source("deployment")
    by_variable = source is ParameterSource.ENVIRONMENT
    if not name or (by_variable and not project.environments):
        return ""
    return check_environment(project, name, VARIABLE if by_variable else "")


def check_environment(project: Project, name: str, variable: str = "") -> str:
    """The name, which must be one of the project's environments.

    Args:
        project: the project.
        name: what was asked for.
        variable: the variable that has named it.

    Raises:
        click.UsageError: it is none.
    """
    if not project.environments:
        raise click.UsageError(f"This project has no deployment environments ({_CURE}).")
    if name not in project.environments:
        hint = nearest(name, project.environments) or f"there are {', '.join(project.environments)}"
        named = f", which {variable} names" if variable else ""
        raise click.UsageError(f"There is no environment {quoted(name)}{named} ({hint}).")
    return name


def default_environment(project: Project) -> str:
    """The environment that the variable names, else the first; empty in a project without environments.

    Raises:
        click.UsageError: the variable names none.
    """
    if not project.environments:
        return ""
    name = os.environ.get(VARIABLE)
    return check_environment(project, name, VARIABLE) if name else project.environments[0]


def say_environment(name: str, how: str = "--environment") -> None:
    """Tell which environment was taken, where nobody has named one, and how another is chosen."""
    echo(f"In the environment {quoted(name)}; {how} chooses another.", err=True)


def count_schedules(schedules: Iterable[Schedule]) -> str:
    """How many schedules there are, in how many environments."""
    schedules = list(schedules)
    words = count(len({schedule.source for schedule in schedules}), "schedule")
    environments = {schedule.deployment for schedule in schedules} - {""}
    return f"{words} in {count(len(environments), 'environment')}" if environments else words
