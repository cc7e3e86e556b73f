"""The command `schedule run`, which runs a pipeline on this machine without Airflow."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from codegen import pipeline
from codegen.airflow_facts import trigger_rules
from codegen.cli.deployment import chosen_environment, environment_option
from codegen.cli.exit_code import ExitCode
from codegen.cli.lookup import find_schedule, meltano_folder, name_argument
from codegen.cli.options import open_project
from codegen.cli.printer import echo, styled
from codegen.diagnostics import quoted
from codegen.meltano.invocation import find_meltano, run_in_project
from codegen.plan.steps import Step, steps_of
from codegen.render.renderer import prelude
from codegen.schema.describe import describe_task
from codegen.text.errexit import with_errexit_for_bash
from codegen.text.jinja import known_text


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="\b\nExamples:\n  dagpress schedule run gitlab\n  dagpress schedule run gitlab --full-refresh",
)
@environment_option("the first that has the schedule")
@name_argument
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def run(root: Path, deployment: str | None, name: str, options: tuple[str, ...]) -> int:
    """Run a schedule now, without Airflow.

    OPTIONS after NAME are passed to each `meltano run`, `el` or `elt`. The tasks run one after another; the first
    failure ends the run with its exit code. Tasks with a trigger rule that waits for a failure are skipped.
    """
    project = open_project(root)
    reading = pipeline.read(project)
    found = find_schedule(project, reading, name, chosen_environment(project, deployment))
    folder = meltano_folder(project.meltano_project)
    steps = steps_of(found, reading.meltano, with_el=not options)
    if own := next((step for step in steps if step.task.kind in {"python", "uses"}), None):
        does = "calls Python" if own.task.python else f"runs the operator {own.task.uses}"
        message = f"{quoted(own.task_id)} {does}, which requires Airflow"
        raise click.ClickException(f"{message} (run `dagpress invoke airflow dags test {found.dag_id_or_default}`)")
    runners = sorted({step.runner for step in steps} - {"bash"})
    if runners:
        echo(f"{name} runs on this machine instead of the runner {' or '.join(runners)}.", err=True)
    meltano = find_meltano(folder)
    if meltano is None and any(step.calls for step in steps):
        raise click.ClickException(
            "`meltano` was not found on the PATH or in the project (install it, or add its directory to the PATH)"
        )
    variable = project.project_root_variable
    planned = [
        (step, _commands(step, meltano or "", options, variable), {variable: str(folder), **_environ(step)})
        for step in steps
    ]
    has_run: dict[str, bool] = {}
    for number, (step, commands, env) in enumerate(planned, start=1):
        has_run[step.task_id] = _is_due(step, has_run)
        if len(planned) > 1:
            what = "a shell command" if step.script else describe_task(step.task)
            skipped = "" if has_run[step.task_id] else f" (skipped: {step.trigger_rule})"
            line = f"[{number}/{len(planned)}] {step.task_id}: {what}{skipped}"
            echo(styled(line, bold=True), err=True)
        for command in commands if has_run[step.task_id] else ():
            code = run_in_project(command, folder, env)
            if code:
                return code
    return ExitCode.FINE


def _is_due(step: Step, has_run: Mapping[str, bool]) -> bool:
    """Return whether Airflow would run the step, given that no upstream step failed."""
    succeeded = sum(has_run[task_id] for task_id in step.after)
    return trigger_rules.runs(step.trigger_rule, succeeded, len(step.after) - succeeded)


def _commands(step: Step, meltano: str, options: tuple[str, ...], project_root_variable: str) -> list[list[str]]:
    """Return the commands of a step, with options where `meltano schedule run` puts them."""
    locks = [known_text(name) or name for name in step.locks]
    lock = prelude("LOCK", project_root_variable) + shlex.join(["lock", *locks]) + "; " if locks else ""
    if step.script:
        return [["bash", "-c", prelude("MELTANO", project_root_variable) + lock + with_errexit_for_bash(step.script)]]
    *before, words = [_known_words(call) for call in step.calls]
    # After Meltano's global options.
    place = words.index("run") + 1 if "run" in words[:2] else len(words)
    words = [*words[:place], *options, *words[place:]]
    calls = [[meltano, *those] for those in (*before, words)]
    return [["bash", "-c", lock + " &&\n".join(map(shlex.join, calls))]] if locks else calls


def _known_words(call: tuple[str, ...]) -> list[str]:
    """Return the arguments of Meltano, with known values in place of Airflow templates."""
    words = []
    for word in call[1:]:
        known = known_text(word)
        if known is None:
            raise click.ClickException(f"only Airflow knows the value of {quoted(word)} (trigger the DAG in Airflow)")
        words.append(known)
    return words


def _environ(step: Step) -> dict[str, str]:
    """Return the environment variables of a task. Values that only Airflow knows must be set in this environment."""
    env = {}
    for name, value in step.env.items():
        known = known_text(value)
        if known is not None:
            env[name] = known
        elif name not in os.environ:
            message = f"only Airflow knows the value of {name}, {quoted(value)}"
            raise click.ClickException(f"{message} (set {name} in the environment of this command)")
    return env
