"""The commands that look at schedules: list, show, next and schema."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from codegen import pipeline
from codegen.cli.exit_code import ExitCode
from codegen.cli.lookup import complete_names, find_schedule
from codegen.cli.report import exit_code, format_option, open_project, report
from codegen.diagnostics import InvalidError, Location, printable
from codegen.interval import on_the_clock
from codegen.nodes import Scalar
from codegen.runs import Backlog, backlog_of, bounds_of, next_runs
from codegen.schema.export import as_data, json_schema_text, plain, reference
from codegen.schema.kinds import Moment
from codegen.start import start_in_short, start_in_words
from codegen.yaml_writer import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.project import Project
    from codegen.schema import Schedule


_MOMENT = "%a %Y-%m-%d %H:%M %Z"
_name = click.argument("name", shell_complete=complete_names)


@click.command("list")
@format_option("text", "json")
@click.pass_obj
def list_(root: Path, output: str) -> int:
    """List the schedules, with what they run and when."""
    reading = pipeline.read(open_project(root, output))
    rows = [_row(schedule) for schedule in reading.schedules]
    if output == "json":
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        _print_table(
            [{**row, "interval": start_in_short(each)} for each, row in zip(reading.schedules, rows, strict=True)]
        )
    report(reading.diagnostics, "text")
    return exit_code(reading.diagnostics)


@click.command(epilog="\b\nExamples:\n  dagpress show carbon__duckdb\n  dagpress show carbon__duckdb --dag")
@_name
@click.option("--dag", is_flag=True, help="Print the DAG file that the schedule gives.")
@format_option("text", "json")
@click.pass_obj
def show(root: Path, name: str, dag: bool, output: str) -> int:  # noqa: FBT001  # click gives flags so
    """Show a schedule with every value that it ends up with, or its DAG file."""
    if dag and output != "text":
        raise click.UsageError("--dag prints Python, and goes without --format")
    project = open_project(root)
    schedule = find_schedule(pipeline.read(project), name)
    if dag:
        return _print_dag(project, schedule)
    data = {"file": schedule.source, **as_data(schedule)}
    cron = schedule.clock.cron
    if cron not in {None, schedule.interval}:
        data["interval"] = f"{schedule.interval} -> {cron}"
    if output == "json":
        click.echo(json.dumps(data, indent=2))
    else:
        click.echo(to_yaml(data), nl=False)
    return ExitCode.FINE


@click.command(
    "next",
    epilog="\b\nExamples:\n  dagpress next carbon__duckdb\n  dagpress next carbon__duckdb -n 3 --after 2027-03-27",
)
@_name
@click.option("-n", "--count", type=click.IntRange(1, 10_000), default=5, show_default=True, help="How many runs.")
@click.option("--after", metavar="DATE", help="Runs after that moment, in the schedule's timezone.  [default: now]")
@format_option("text", "json")
@click.pass_obj
def next_(root: Path, name: str, count: int, after: str | None, output: str) -> int:
    """Say when a schedule runs next."""
    project = open_project(root)
    schedule = find_schedule(pipeline.read(project), name)
    zone = ZoneInfo(schedule.timezone)
    moment = (on_the_clock(_moment_of(after), zone) if after else datetime.now(zone)).astimezone(timezone.utc)
    bounds = bounds_of(schedule, project.airflow)
    runs = list(islice(next_runs(schedule.clock, zone, moment, bounds), count))
    if output == "json":
        click.echo(json.dumps([run.isoformat() for run in runs], indent=2))
    else:
        click.echo(f"{printable(schedule.name)}: {start_in_words(schedule)}", err=True)
        if not runs and schedule.clock.cron:
            click.echo(
                f"It does not run after {moment.astimezone(zone).isoformat(sep=' ', timespec='minutes')}.", err=True
            )
    if schedule.catchup and (backlog := backlog_of(schedule.clock, zone, moment, bounds)):
        click.echo(_in_words(backlog), err=True)
    for run in runs if output == "text" else ():
        click.echo(run.strftime(_MOMENT))
    return ExitCode.FINE


@click.command()
@click.option("--markdown", is_flag=True, help="The reference: every key, in tables.")
def schema(markdown: bool) -> int:  # noqa: FBT001  # click gives flags so
    """Print the JSON Schema of a schedule, or the reference of its keys.

    `generate` writes the JSON Schema beside the schedules too, where editors find it.
    """
    click.echo(reference() if markdown else json_schema_text(), nl=False)
    return ExitCode.FINE


COMMANDS = (list_, show, next_, schema)


def _in_words(backlog: Backlog) -> str:
    first, last = backlog.first.strftime(_MOMENT), backlog.last.strftime(_MOMENT)
    runs = f"1 run, of {first}" if backlog.count == 1 else f"{backlog.count:,} runs, from {first} to {last}"
    return f"Unpaused then, it catches up with {runs}."


def _print_dag(project: Project, schedule: Schedule) -> int:
    generation = pipeline.generate(project, only=schedule.name)
    report(generation.diagnostics, "text")
    for name, text in generation.files.items():
        if name.endswith(f"/{schedule.dag_file}"):
            click.echo(text, nl=False)
    return exit_code(generation.diagnostics)


def _row(schedule: Schedule) -> dict[str, Any]:
    if schedule.extractor:
        what = f"{schedule.extractor} -> {schedule.loader}"
    else:
        what = f"job {schedule.job}" if schedule.job else f"{len(schedule.tasks or ())} tasks"
    return {
        "name": schedule.name,
        "interval": schedule.interval or None,
        "after": plain(schedule.after),
        "timezone": schedule.timezone,
        "runs": what,
        "dag_id": schedule.dag_id_or_default,
        "owner": schedule.owner,
        "file": schedule.source,
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    columns = ("name", "interval", "runs", "dag_id", "file")
    cells = [[printable(str(row[column])) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    for number, line in enumerate([[column.upper() for column in columns], *cells]):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(text if number else click.style(text, bold=True))


def _moment_of(text: str) -> datetime:
    try:
        return Moment().convert(Scalar("str", text, Location("--after")))
    except InvalidError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", param_hint="--after") from error
