"""The deployment environment of a command."""

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
_CURE = 'set environments = ["dev", "prod"] in the configuration'


complete_environments = completing(lambda project: project.deployments)


def environment_option(default: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """The option `--environment`, with the words for its default in the help."""
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
    """The environment of the option or the variable, which may be meant for another project; empty without either.

    Raises:
        click.UsageError: there is no such environment.
    """
    source = click.get_current_context().get_parameter_source("deployment")
    by_variable = source is ParameterSource.ENVIRONMENT
    if not name or (by_variable and not project.deployments):
        return ""
    return check_environment(project, name, VARIABLE if by_variable else "")


def chosen_or_first(project: Project, name: str | None) -> str:
    """The environment of the option or the variable, else the first, which is printed."""
    chosen = chosen_environment(project, name)
    if not chosen and project.deployments:
        chosen = project.deployments[0]
        say_environment(chosen)
    return chosen


def check_environment(project: Project, name: str, variable: str = "") -> str:
    """Check and return the name of an environment, from an option or that variable.

    Raises:
        click.UsageError: the project has no such environment.
    """
    if not project.deployments:
        raise click.UsageError(f"This project has no deployment environments ({_CURE}).")
    if name not in project.deployments:
        hint = nearest(name, project.deployments) or f"there are {', '.join(project.deployments)}"
        named = f", which {variable} names" if variable else ""
        raise click.UsageError(f"There is no environment {quoted(name)}{named} ({hint}).")
    return name


def default_environment(project: Project) -> str:
    """The environment of the variable, else the first; empty in a project without environments."""
    if not project.deployments:
        return ""
    name = os.environ.get(VARIABLE)
    return check_environment(project, name, VARIABLE) if name else project.deployments[0]


def say_environment(name: str, how: str = "--environment") -> None:
    """Print the environment that was taken by default, and how to choose another."""
    echo(f"In the environment {quoted(name)}; {how} chooses another.", err=True)


def count_schedules(schedules: Iterable[Schedule]) -> str:
    """How many schedules there are, in how many environments."""
    schedules = list(schedules)
    words = count(len({schedule.source for schedule in schedules}), "schedule")
    environments = {schedule.deployment for schedule in schedules} - {""}
    return f"{words} in {count(len(environments), 'environment')}" if environments else words
