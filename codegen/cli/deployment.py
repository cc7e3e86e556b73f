"""The deployment environment of a command: the option, the variable and the default."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import click
from click.core import ParameterSource

from codegen.cli.options import completing
from codegen.cli.printer import echo
from codegen.diagnostics import count, nearest, quoted
from codegen.project import Project
from codegen.schema import Schedule

VARIABLE = "DAGPRESS_ENVIRONMENT"
_HINT = 'set environments = ["dev", "prod"] in the configuration'


complete_environments = completing(lambda project: project.deployments)


def environment_option(default: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return the option `--environment`, with its default as the help describes it."""
    return click.option(
        "-e",
        "--environment",
        "deployment",
        metavar="NAME",
        envvar=VARIABLE,
        show_envvar=True,
        shell_complete=complete_environments,
        help=f"The environment.  [default: {default}]",
    )


def chosen_environment(project: Project, name: str | None) -> str:
    """Return the environment that the option or the variable names, or an empty string.

    Raises:
        click.UsageError: there is no such environment.
    """
    # The variable may be meant for another project: one without environments ignores it.
    source = click.get_current_context().get_parameter_source("deployment")
    by_variable = source is ParameterSource.ENVIRONMENT
    if not name or (by_variable and not project.deployments):
        return ""
    return check_environment(project, name, VARIABLE if by_variable else "")


def chosen_or_first(project: Project, name: str | None) -> str:
    """Return the environment that the option or the variable names, else print and return the first."""
    chosen = chosen_environment(project, name)
    if not chosen and project.deployments:
        chosen = project.deployments[0]
        print_environment(chosen)
    return chosen


def check_environment(project: Project, name: str, variable: str = "") -> str:
    """Check and return the name of an environment from an option, or from `variable`.

    Raises:
        click.UsageError: the project has no such environment.
    """
    if not project.deployments:
        raise click.UsageError(f"this project has no environments ({_HINT})")
    if name not in project.deployments:
        hint = nearest(name, project.deployments) or f"expected one of {', '.join(project.deployments)}"
        source = f" from {variable}" if variable else ""
        raise click.UsageError(f"unknown environment {quoted(name)}{source} ({hint})")
    return name


def default_environment(project: Project) -> str:
    """Return the environment that the variable names, else the first; empty in a project without environments."""
    if not project.deployments:
        return ""
    name = os.environ.get(VARIABLE)
    return check_environment(project, name, VARIABLE) if name else project.deployments[0]


def print_environment(name: str, option: str = "--environment") -> None:
    """Print the default environment and how to choose another."""
    echo(f"Using environment {quoted(name)}; set {option} to use another.", err=True)


def count_schedules(schedules: Iterable[Schedule]) -> str:
    """Return the number of schedules and environments, such as `3 schedules in 2 environments`."""
    schedules = list(schedules)
    words = count(len({schedule.source for schedule in schedules}), "schedule")
    environments = {schedule.deployment for schedule in schedules} - {""}
    return f"{words} in {count(len(environments), 'environment')}" if environments else words
