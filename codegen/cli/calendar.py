"""The command `calendar`, which shows the runs of a week as text, SVG, HTML or JSON."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from codegen import pipeline
from codegen.calendar.drawing import calendar_html, calendar_svg
from codegen.calendar.text import calendar_text, can_be_shaded, plain, shaded
from codegen.calendar.week import Calendar, calendar_of, monday_of, parse_week
from codegen.cli.deployment import chosen_or_first, environment_option
from codegen.cli.options import completing, exit_code, format_option, open_project
from codegen.cli.outputs import Hour, Week
from codegen.cli.printer import echo, echo_data, styled
from codegen.cli.reporting import report
from codegen.diagnostics import InvalidError, Location
from codegen.keys.texts import Timezone, timezones
from codegen.schema.selection import Selection, choices
from codegen.source.nodes import Scalar

_EPILOG = """\b
Examples:
  dagpress calendar
  dagpress calendar --week 2027-W12 --timezone Europe/Berlin --owner data-platform
  dagpress calendar --format svg --output calendar.svg
"""
# The width of output that is not a terminal.
_WIDTH = 80
# Foreground and background from the 256 terminal colours, from light to dark.
_COLOURS = ((16, 195), (16, 153), (16, 110), (231, 25), (231, 17))


def _complete_timezones(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return sorted(name for name in timezones() if name.startswith(incomplete))


def _only(kind: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return an option that selects schedules with any of its values."""
    complete = completing(lambda project: choices(pipeline.read(project).schedules)[kind])
    help_text = f"Only schedules with this {kind}. Can be repeated."
    return click.option(f"--{kind}", multiple=True, metavar="NAME", shell_complete=complete, help=help_text)


@click.command(epilog=_EPILOG)
@click.option("--week", metavar="WEEK", help="An ISO week such as 2027-W12, or its first day.  [default: this week]")
@click.option(
    "--timezone",
    "zone",
    default="UTC",
    show_default=True,
    metavar="NAME",
    shell_complete=_complete_timezones,
    help="The timezone of days and hours.",
)
@_only("owner")
@_only("tag")
@_only("runner")
@_only("pool")
@environment_option("the first")
@click.option(
    "--output", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of stdout."
)
@format_option("text", "svg", "html", "json")
@click.pass_obj
def calendar(  # noqa: PLR0913  # one parameter per option
    root: Path,
    /,
    *,
    week: str | None,
    zone: str,
    deployment: str | None,
    file: Path | None,
    output: str,
    **only: tuple[str, ...],
) -> int:
    """Show the number of runs in each hour of a week."""
    wall, first = _when(zone, week)
    project = open_project(root)
    chosen = chosen_or_first(project, deployment)
    reading = pipeline.read(project)
    schedules = reading.of(chosen)
    selection = Selection(**only)
    selection.check(schedules)
    shown = calendar_of(filter(selection.has, schedules), project.airflow, first, wall)
    text = _DRAWINGS[output](shown) if output != "text" else _text(shown, is_for_terminal=file is None)
    if file:
        _write(text, file)
    elif output == "text":
        echo(text, nl=False)
    else:
        echo_data(text)
    report(reading.diagnostics, "text")
    return exit_code(reading.diagnostics)


COMMANDS = (calendar,)


def _when(zone: str, week: str | None) -> tuple[ZoneInfo, date]:
    option = "--timezone"
    try:
        wall = ZoneInfo(Timezone("a timezone").convert(Scalar("str", zone, Location(option))))
        option = "--week"
        return wall, parse_week(week) if week else monday_of(datetime.now(timezone.utc), wall)
    except InvalidError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _text(shown: Calendar, *, is_for_terminal: bool) -> str:
    """Return the calendar with colours, or shades without colours, on a terminal; else only with numbers."""
    if not is_for_terminal or not sys.stdout.isatty():
        return calendar_text(shown, _WIDTH)
    without_colours = shaded if can_be_shaded(sys.stdout.encoding) else plain
    paint = without_colours if click.get_current_context().color is False else _coloured
    return calendar_text(shown, shutil.get_terminal_size().columns, paint)


def _coloured(cell: str, level: int) -> str:
    if not level:
        return cell
    text, behind = _COLOURS[level - 1]
    return styled(cell, fg=text, bg=behind)


def _json(shown: Calendar) -> str:
    hours: list[Hour] = [
        {
            "day": str(hour.day),
            "hour": hour.number,
            "minutes": hour.minutes,
            "runs": hour.runs,
            "schedules": {schedule.name: number for schedule, number in hour.starts},
        }
        for hour in shown.hours
    ]
    data: Week = {
        "first": str(shown.first),
        "last": str(shown.last),
        "timezone": shown.zone.key,
        "runs": shown.runs,
        "hours": hours,
        "without_clock": [schedule.name for schedule in shown.waiting],
    }
    return json.dumps(data, indent=2) + "\n"


_DRAWINGS: dict[str, Callable[[Calendar], str]] = {"json": _json, "svg": calendar_svg, "html": calendar_html}


def _write(text: str, file: Path) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
