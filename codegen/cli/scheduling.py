"""The command `schedule`, as in Meltano, with the subcommands `add`, `set`, `remove`, `list` and `run`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path, PurePosixPath

import click

from codegen import pipeline
from codegen.cli.deployment import chosen_or_first, environment_option
from codegen.cli.exit_code import ExitCode
from codegen.cli.lookup import complete_from_meltano, missing, name_argument, source_of
from codegen.cli.next_steps import print_steps, steps_after_adding
from codegen.cli.options import exit_code, format_option, open_project, writing
from codegen.cli.printer import echo, echo_json
from codegen.cli.reporting import print_changes, print_elsewhere, report
from codegen.cli.running import run
from codegen.diagnostics import nearest, printable, quoted
from codegen.files import exists, read_bytes
from codegen.loader import Overlay
from codegen.meltano.listing import as_json, as_text
from codegen.meltano.system_database import last_successful_runs
from codegen.migrate.makefile import command_to_generate
from codegen.pipeline import Reading, file_name, revise
from codegen.project import Project
from codegen.schema import Schedule
from codegen.schema.describe import describe_start
from codegen.schema.export import schema_line
from codegen.schema.model import file_stem
from codegen.source import edit
from codegen.source.write import to_yaml

# The arguments after the name in `schedule NAME EXTRACTOR LOADER INTERVAL`.
_OLDER_FORM = ("extractor", "loader", "interval")
_KINDS = {"extractor": "extractor", "loader": "extractor", "transform": "extractor", "job": "job"}


class _WithDefault(click.Group):
    """A group that treats an unknown command as the arguments of `add`, as Meltano does."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        hint = nearest(args[0], self.commands)
        if len(args) == 1 or (hint and len(args) < len(("name", *_OLDER_FORM))):
            raise click.UsageError(f"No such command '{args[0]}'." + (f" ({hint})" if hint else ""), ctx)
        return super().resolve_command(ctx, ["add", *args])


@click.group(
    cls=_WithDefault,
    epilog="""\b
Examples:
  dagpress schedule add gitlab --extractor tap-gitlab --loader target-postgres --interval @daily
  dagpress schedule add refresh-daily --job refresh --interval "0 6 * * *"
  dagpress schedule set gitlab --interval @hourly
  dagpress schedule run gitlab --full-refresh
  dagpress schedule gitlab tap-gitlab target-postgres @daily        (as in older versions of Meltano)
""",
)
def schedule() -> None:
    """Add, set, remove, list and run schedules.

    Changes go to the YAML files, keeping comments, order and layout; the DAG files are regenerated.
    """


_no_generate = click.option("--no-generate", is_flag=True, help="Do not regenerate the DAG file.")


def _options(command: Callable[..., int]) -> Callable[..., int]:
    """Add Meltano's options for the plugins or job, and for the interval."""
    for option in (
        click.option(
            "--interval", help="A cron expression, 6h, or an alias such as @daily; @once, @manual and @none are manual."
        ),
        click.option(
            "--job",
            help="A job from meltano.yml, instead of an extractor and a loader.",
            shell_complete=complete_from_meltano(lambda meltano: meltano.jobs),
        ),
        click.option(
            "--transform", type=click.Choice(["skip", "only", "run"]), help="Whether dbt runs after the load."
        ),
        click.option(
            "--loader",
            help="The loader; requires --extractor.",
            shell_complete=complete_from_meltano(lambda meltano: meltano.plugins.get("loaders", ())),
        ),
        click.option(
            "--extractor",
            help="The extractor; requires --loader.",
            shell_complete=complete_from_meltano(lambda meltano: meltano.plugins.get("extractors", ())),
        ),
        click.option(
            "--start-date",
            metavar="DATE",
            help="The earliest logical date to run. A schedule without one starts in 1970.",
        ),
    ):
        command = option(command)
    return command


@schedule.command(
    epilog="""\b
Examples:
  dagpress schedule add gitlab --extractor tap-gitlab --loader target-postgres --interval @daily
  dagpress schedule add orders --folder sales --extractor tap-shop --loader target-postgres --interval @hourly
  dagpress schedule add gitlab tap-gitlab target-postgres @daily --transform run --start-date 2024-01-31
"""
)
@click.argument("name")
@click.argument("older", nargs=-1, metavar="[EXTRACTOR LOADER INTERVAL]")
@_options
@click.option("--folder", default="", metavar="PATH", help="A folder below `schedules/`, such as sales/eu.")
@_no_generate
@click.pass_obj
def add(root: Path, /, name: str, older: tuple[str, ...], folder: str, no_generate: bool, **given: str | None) -> int:  # noqa: FBT001  # click passes flags by position
    """Add a schedule and generate its DAG file.

    Requires an interval, and either an extractor and a loader or a job.
    """
    values = _with_older_form({key: value for key, value in given.items() if value is not None}, older)
    _refuse_mixed_kinds(values)
    if not name.strip():
        raise click.UsageError("NAME is empty")
    for key in ("interval", *(() if "job" in values else ("extractor", "loader"))):
        if key not in values:
            raise click.UsageError(f"Missing option '--{key}'.")
    code = _change(root, partial(_added, name=name, folder=folder, values=values), generate=not no_generate)
    if code is not ExitCode.BAD_INPUT:
        print_steps(steps_after_adding(root, name, is_generated=not no_generate))
    return code


def _added(project: Project, reading: Reading, name: str, folder: str, values: Mapping[str, str]) -> Overlay:
    top = project.relative(project.schedules)
    if PurePosixPath(folder).is_relative_to(top):
        raise click.ClickException(f"`--folder` is relative to `{top}/` (leave `{top}/` out)")
    file = (PurePosixPath(folder) / f"{file_stem(name)}.yml").as_posix()
    if problem := file_name.problem_of(project, file):
        raise click.ClickException(problem)
    path = project.relative(project.schedules / file)
    taken = source_of(project, reading, name) or (path if exists(project.root / path) else None)
    if taken:
        raise click.ClickException(f"{taken} already exists (change it with `dagpress schedule set`)")
    if file_stem(name) != name:
        values = {"name": name, **values}
    order = ("name", "extractor", "loader", "transform", "job", "interval", "start_date")
    return {path: schema_line(file) + to_yaml({key: _plain(key, values[key]) for key in order if key in values})}


@schedule.command("set", epilog="\b\nExample:\n  dagpress schedule set gitlab --interval '0 6 * * 1-5' --transform run")
@name_argument
@_options
@_no_generate
@click.pass_obj
def set_(root: Path, /, name: str, no_generate: bool, **given: str | None) -> int:  # noqa: FBT001  # click passes flags by position
    """Change a schedule and regenerate its DAG file.

    All other keys, comments, order and layout stay. A job cannot become an extractor and a loader, or the reverse.
    """
    values = {key: value for key, value in given.items() if value is not None}
    if not values:
        raise click.UsageError("there is nothing to set (pass an option such as `--interval` or `--loader`)")
    _refuse_mixed_kinds(values)
    return _change(root, partial(_edited, name=name, values=values), generate=not no_generate)


def _edited(project: Project, reading: Reading, name: str, values: Mapping[str, str]) -> Overlay:
    source = source_of(project, reading, name) or missing(reading, name)
    found = next((schedule for schedule in reading.schedules if schedule.source == source), None)
    if found:
        _refuse_another_kind(found, values)
        _print_overrides(found, values)
    try:
        text = read_bytes(project.root / source).decode()
        for key, value in values.items():
            text = edit.set_value(text, (key,), _plain(key, value))
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{source} cannot be read: {error}") from error
    except edit.EditError as error:
        raise click.ClickException(f"{source}:{error.line}: {error} (change it by hand)") from error
    return {source: text}


@schedule.command(epilog="\b\nExample:\n  dagpress schedule remove gitlab")
@name_argument
@_no_generate
@click.pass_obj
def remove(root: Path, name: str, no_generate: bool) -> int:  # noqa: FBT001  # click passes flags by position
    """Remove a schedule and its DAG."""

    def removed(project: Project, reading: Reading) -> Overlay:
        return {source_of(project, reading, name) or missing(reading, name): None}

    return _change(root, removed, generate=not no_generate)


@schedule.command("list", epilog="\b\nExample:\n  dagpress schedule list --format json")
@environment_option("the first")
@format_option("text", "json")
@click.pass_obj
def list_(root: Path, deployment: str | None, output: str) -> int:
    """List the schedules of one environment in Meltano's format.

    The output is compatible with `meltano schedule list --format=json`.
    """
    project = open_project(root)
    chosen = chosen_or_first(project, deployment)
    reading = pipeline.read(project)
    jobs = reading.meltano.jobs if reading.meltano else {}
    known = [each for each in reading.of(chosen) if not each.job or each.job in jobs]
    if output == "json":
        uri = os.environ.get("MELTANO_DATABASE_URI") or (reading.meltano.database_uri if reading.meltano else "")
        runs = last_successful_runs(project.meltano_project, uri)
        echo_json(as_json(known, jobs, runs))
    else:
        for each in known:
            echo(as_text(each, jobs))
    for each in known:
        left_out = [task.task_id for task in each.tasks or () if not task.run]
        if left_out:
            names = ", ".join(printable(name) for name in left_out)
            echo(f"{printable(each.name)}: left out tasks without `run`: {names}", err=True)
    report(reading.diagnostics, "text")
    return exit_code(reading.diagnostics)


schedule.add_command(run)
COMMANDS = (schedule,)


def _with_older_form(values: dict[str, str], older: tuple[str, ...]) -> dict[str, str]:
    """Add the values of the positional form `add NAME EXTRACTOR LOADER INTERVAL`."""
    if not older:
        return values
    if len(older) != len(_OLDER_FORM):
        raise click.UsageError(
            f"expected EXTRACTOR, LOADER and INTERVAL after NAME, got {len(older)} of 3 (or use only options)"
        )
    twice = [key for key in (*_OLDER_FORM, "job") if key in values]
    if twice:
        raise click.UsageError(f"`--{twice[0]}` cannot be combined with EXTRACTOR LOADER INTERVAL")
    return {**values, **dict(zip(_OLDER_FORM, older, strict=True))}


def _plain(key: str, value: str) -> str | date:
    """Return the value for YAML, with a start date as a date: it needs no quotes."""
    for kind in (date, datetime) if key == "start_date" else ():
        with suppress(ValueError):
            return kind.fromisoformat(value)
    return value


def _refuse_mixed_kinds(values: Mapping[str, str]) -> None:
    if len({_KINDS[key] for key in values if key in _KINDS}) > 1:
        raise click.UsageError("`--job` cannot be combined with `--extractor`, `--loader` or `--transform`")


def _refuse_another_kind(found: Schedule, values: Mapping[str, str]) -> None:
    """Refuse to change the kind of a schedule, as Meltano does: DAG ID, tasks and state depend on it."""
    kind = "extractor" if found.extractor else "job" if found.job else "tasks"
    words = {"extractor": "an extractor and a loader", "job": "a job", "tasks": "`tasks`"}
    wrong = [key for key in values if key in _KINDS and _KINDS[key] != kind]
    if wrong:
        message = f"{quoted(found.name)} has {words[kind]}, which `--{wrong[0]}` cannot replace"
        raise click.UsageError(f"{message} (remove the schedule and add it again)")


def _print_overrides(found: Schedule, values: Mapping[str, str]) -> None:
    """Print the environments that override a changed key."""
    for deployment, keys in found.environments.items():
        for key in values.keys() & keys.keys():
            echo(f"Environment {quoted(deployment)} still overrides {quoted(key)} in `environments`.", err=True)


def _change(root: Path, plan: Callable[[Project, Reading], Overlay], *, generate: bool) -> int:
    """Write the planned changes of schedule files and report them."""
    with writing(root) as transaction:
        project = open_project(root)
        reading = pipeline.read(project)
        overlay = plan(project, reading)
        revision = revise(project, reading, overlay, generate=generate)
        done, problems = transaction.apply(revision.changes)
    diagnostics = [*revision.diagnostics, *problems]
    report(diagnostics, "text")
    print_elsewhere(revision.elsewhere)
    print_changes(done)
    if done:
        _print_start([schedule for schedule in revision.reading.schedules if schedule.source in overlay])
    code = exit_code(diagnostics)
    if not done:
        echo("No files written." if code is ExitCode.BAD_INPUT else "Already up to date.", err=True)
    elif code is ExitCode.BAD_INPUT and generate:
        echo(f"No DAG file was generated: fix the errors and run `{command_to_generate(root)}`.", err=True)
    return code


def _print_start(schedules: Sequence[Schedule]) -> None:
    """Print when each schedule runs, by environment if environments differ."""
    times: dict[tuple[str, str], list[str]] = {}
    for schedule in schedules:
        times.setdefault((schedule.name, describe_start(schedule)), []).append(schedule.deployment)
    for (name, when), deployments in times.items():
        is_same = sum(other == name for other, _ in times) == 1
        where = "" if is_same else f" in {', '.join(quoted(deployment) for deployment in deployments)}"
        echo(f"{name}{where}: {when}", err=True)
