"""The commands `list`, `show`, `next` and `schema`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path

import click

from codegen import pipeline
from codegen.cli.deployment import chosen_environment, environment_option
from codegen.cli.exit_code import ExitCode
from codegen.cli.explaining import explanation_data, print_explanation
from codegen.cli.lookup import find_schedule, name_argument
from codegen.cli.options import exit_code, format_option, open_project
from codegen.cli.outputs import ListedSchedule
from codegen.cli.printer import echo, echo_data, echo_json, print_table
from codegen.cli.reporting import report
from codegen.configuration.export import configuration_reference, configuration_schema
from codegen.diagnostics import InvalidError, Location, printable
from codegen.keys.scalars import DateTime
from codegen.pipeline import Reading
from codegen.schema import Schedule
from codegen.schema.describe import describe_start, describe_start_briefly, describe_work
from codegen.schema.export import as_data, as_text, json_schema_text, plain, reference
from codegen.schema.origins import explain
from codegen.source.nodes import Scalar
from codegen.source.write import to_yaml
from codegen.timetable.dst import localized

_COLUMNS: dict[str, Callable[[Schedule], str]] = {
    "NAME": lambda schedule: schedule.name,
    "ENVIRONMENT": lambda schedule: schedule.deployment,
    "INTERVAL": describe_start_briefly,
    "RUNS": lambda schedule: describe_work(schedule, "->"),
    "DAG_ID": lambda schedule: schedule.dag_id_or_default,
    "FILE": lambda schedule: schedule.source,
}


@click.command("list", epilog="\b\nExamples:\n  dagpress list\n  dagpress list --environment prod --format json")
@environment_option("all")
@format_option("text", "json")
@click.pass_obj
def list_(root: Path, deployment: str | None, output: str) -> int:
    """List the schedules, what they run, and when."""
    project = open_project(root, output)
    chosen = chosen_environment(project, deployment)
    reading = pipeline.read(project)
    schedules = reading.of(chosen) if chosen else reading.schedules
    if output == "json":
        echo_json([_row(schedule) for schedule in schedules])
    elif schedules:
        columns = [column for column in _COLUMNS if column != "ENVIRONMENT" or schedules[0].deployment]
        print_table(columns, [[_COLUMNS[column](schedule) for column in columns] for schedule in schedules])
    report(reading.diagnostics, "text")
    return exit_code(reading.diagnostics)


@click.command(
    epilog="\b\nExamples:\n  dagpress show carbon__duckdb\n  dagpress show carbon__duckdb --dag\n"
    "  dagpress show carbon__duckdb --explain"
)
@name_argument
@environment_option("the first that has the schedule")
@click.option("--dag", is_flag=True, help="Print the DAG file, with only the DAG of this schedule.")
@click.option("--explain", "explained", is_flag=True, help="Show where each value comes from and what it overrides.")
@format_option("text", "json")
@click.pass_obj
def show(  # noqa: PLR0913  # one parameter per option
    root: Path, name: str, deployment: str | None, *, dag: bool, explained: bool, output: str
) -> int:
    """Show the effective values of a schedule, or its DAG file."""
    if dag and (explained or output != "text"):
        raise click.UsageError("`--dag` cannot be combined with `--explain` or `--format`")
    project = open_project(root)
    reading = pipeline.read(project)
    schedule = find_schedule(project, reading, name, chosen_environment(project, deployment))
    if dag:
        generation = pipeline.render(project, reading, [schedule])
        report(generation.diagnostics, "text")
        echo_data("".join(generation.files.values()))
        return exit_code(generation.diagnostics)
    if explained:
        return _print_explanation(reading, schedule, output)
    deployed = {"deployment_environment": schedule.deployment} if schedule.deployment else {}
    data = {"file": schedule.source, **deployed, **as_data(schedule)}
    cron = schedule.clock.cron
    if cron not in {None, schedule.interval_text}:
        data["interval"] = f"{schedule.interval_text} -> {cron}"
    if output == "json":
        echo_json(data)
    else:
        echo_data(to_yaml(data))
    return ExitCode.FINE


@click.command(
    "next",
    epilog="\b\nExamples:\n  dagpress next carbon__duckdb\n  dagpress next carbon__duckdb -n 3 --after 2027-03-27",
)
@name_argument
@environment_option("the first that has the schedule")
@click.option("-n", "--count", type=click.IntRange(1, 10_000), default=5, show_default=True, help="The number of runs.")
@click.option("--after", metavar="DATE", help="Start after this time, in the schedule's timezone.  [default: now]")
@format_option("text", "json")
@click.pass_obj
def next_(  # noqa: PLR0913  # one parameter per option
    root: Path, name: str, deployment: str | None, *, count: int, after: str | None, output: str
) -> int:
    """Show the next runs of a schedule."""
    project = open_project(root)
    schedule = find_schedule(project, pipeline.read(project), name, chosen_environment(project, deployment))
    timetable = schedule.timetable(project.airflow)
    begin = localized(_date_of(after), timetable.zone) if after else datetime.now(timetable.zone)
    runs = list(islice(timetable.next_runs(begin.astimezone(timezone.utc)), count))
    if output == "json":
        echo_json([run.isoformat() for run in runs])
    else:
        echo(f"{printable(schedule.name)}: {describe_start(schedule)}", err=True)
        if not runs and schedule.clock.cron:
            echo(f"It has no runs after {begin.isoformat(sep=' ', timespec='minutes')}.", err=True)
    if schedule.catchup and (backlog := timetable.backlog(begin.astimezone(timezone.utc))):
        echo(f"Unpausing it then would catch up on {backlog}.", err=True)
    for run in runs if output == "text" else ():
        echo(f"{run:%a %Y-%m-%d %H:%M %Z}")
    return ExitCode.FINE


@click.command(
    epilog="\b\nExamples:\n  dagpress schema --markdown\n  dagpress schema --configuration > dagpress.schema.json"
)
@click.option("--configuration", is_flag=True, help="The keys of dagpress.toml instead of a schedule.")
@click.option("--markdown", is_flag=True, help="Print the reference as Markdown tables instead.")
@click.pass_obj
def schema(root: Path, *, configuration: bool, markdown: bool) -> int:
    """Print the JSON Schema or the reference of the keys.

    The keys are those of the project's Airflow version. `generate` also writes the JSON Schema next to the schedules,
    where editors find it.
    """
    if configuration:
        text = configuration_reference() if markdown else as_text(configuration_schema())
    else:
        airflow = open_project(root).airflow
        text = reference(airflow) if markdown else json_schema_text(airflow)
    echo_data(text)
    return ExitCode.FINE


COMMANDS = (list_, show, next_, schema)


def _print_explanation(reading: Reading, schedule: Schedule, output: str) -> int:
    merged = next(
        document.merged
        for document in reading.documents
        if (document.source.name, document.deployment) == (schedule.source, schedule.deployment)
    )
    rows = explain(schedule, merged)
    if output == "json":
        echo_json(explanation_data(rows))
    else:
        print_explanation(rows)
    return ExitCode.FINE


def _row(schedule: Schedule) -> ListedSchedule:
    return {
        "name": schedule.name,
        "environment": schedule.deployment or None,
        "interval": plain(schedule.interval) or None,
        "after": plain(schedule.after),
        "timezone": schedule.timezone,
        "runs": describe_work(schedule, "->"),
        "dag_id": schedule.dag_id_or_default,
        "owner": schedule.owner,
        "file": schedule.source,
    }


def _date_of(text: str) -> datetime:
    try:
        return DateTime().convert(Scalar("str", text, Location("--after")))
    except InvalidError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", param_hint="--after") from error
