"""The `dagpress` command: its options, its exit codes, and what happens to exceptions."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from importlib import import_module
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import click

from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo
from codegen.diagnostics import DagpressError, nearest, quoted

_EPILOG = """\b
Examples:
  dagpress generate                 write generated_dags/ from schedules/
  dagpress check                    is generated_dags/ current? (for CI)
  dagpress next carbon__duckdb      when does it run next?
  dagpress import                   write schedules/ from a meltano.yml
  dagpress completion bash          how to complete commands in your shell

\b
Exit codes: 0 fine, also with warnings; 1 drift, or warnings with --strict; 2 bad input or usage; 3 a bug of Dagpress.

\b
Manual: `dagpress manual quickstart` is the first page, `dagpress manual` lists all of them.
"""


# The module of each command, and its line in the help: so that the help imports none of what a command needs.
_COMMANDS = {
    "generate": ("generation", "Write the DAG file of every schedule."),
    "check": ("generation", "Say whether the generated files are current, and show what differs."),
    "diff": ("generation", "Show what `generate` would change, as a diff, and write nothing."),
    "validate": ("generation", "Validate the schedules without checking generated files."),
    "verify": ("verification", "Load the DAG files in the project's Airflow, and report errors."),
    "list": ("inspection", "List the schedules, with what they run and when."),
    "show": ("inspection", "Show a schedule with every value that it ends up with, or its DAG file."),
    "next": ("inspection", "Say when a schedule runs next."),
    "calendar": ("calendar", "Show how many runs start in each hour of a week, of all schedules or some."),
    "init": ("setup", "Add what a Meltano project needs to use Dagpress."),
    "import": ("importing", "Write a schedule file for each schedule of a Meltano project."),
    "export": ("importing", "Write the schedules back into meltano.yml, comments kept."),
    "schema": ("inspection", "Print the JSON Schema of a schedule, or the reference of its keys."),
    "rule": ("rule", "List the codes of errors and warnings, or explain one."),
    "manual": ("manual", "List the pages of the manual, or print one in Markdown."),
    "schedule": ("scheduling", "Add, set, remove, list and run schedules."),
    "add": ("orchestration", "Install Airflow for this project, or add the files that it needs."),
    "invoke": ("orchestration", "Run a command of the project's Airflow."),
    "serve": ("serving", "Serve the Pipelines page, to view, edit and save the schedules in a browser."),
    "completion": ("completion", "Print the script that makes your shell complete commands and names."),
}


# Of the garbage collector, for cycles; Python's default of 700 costs up to a tenth of the time.
_ALLOCATIONS_BETWEEN_SEARCHES = 50_000


class _Commands(click.Group):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"codegen.cli.{_COMMANDS[cmd_name][0]}")
        commands: tuple[click.Command, ...] = module.COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # the exit code
        """Run the command, and report an error that has a message for the user."""
        try:
            return super().invoke(ctx)
        except DagpressError as error:
            if error.output:
                echo(error.output.rstrip("\n"), err=True)
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if not error.filename:
                raise
            raise click.ClickException(f"{quoted(str(error.filename))}: {error.strerror}") from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = nearest(args[0], _COMMANDS)
            raise click.UsageError(f"{error.message} ({hint})" if hint else error.message, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="The project's folder.  [default: the nearest project, from this folder up to the git root]",
)
@click.option(
    "--lock-timeout",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another command that writes into the project.",
)
@click.version_option(package_name="dagpress", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context, project: Path | None, lock_timeout: int) -> None:  # noqa: ARG001  # `writing` uses it
    """Press Meltano schedules written in YAML into static Airflow DAG files."""
    # It imports the facts about Airflow, which `--help` does not need.
    from codegen.project import nearest_project  # noqa: PLC0415

    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise click.ClickException("the working directory was removed (change to another one)") from error
    context.obj = project or nearest_project(here)
    if os.environ.get("NO_COLOR"):
        context.color = False


def run() -> None:
    """Run the command line, and exit with a code that says what happened."""
    # Almost no object of a project is garbage before the end, so a collection rarely finds any.
    gc.set_threshold(_ALLOCATIONS_BETWEEN_SEARCHES)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A character outside the terminal's encoding.
            stream.reconfigure(errors="backslashreplace")
    if "_DAGPRESS_COMPLETE" in os.environ:
        # A completion request of a shell: importing the module registers its classes with click.
        import_module("codegen.cli.completion")
    try:
        code = main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        text = StringIO()
        error.show(text)
        echo(text.getvalue(), err=True, nl=False)
        code = ExitCode.BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        echo("Interrupted.", err=True)
        code = 128 + signal.SIGINT
    except BrokenPipeError:
        # Whoever read the output has enough, as `head` does. Python would complain about it once more at its end. Click
        # has the same exit code where it meets the broken pipe first.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception:  # noqa: BLE001  # whatever comes this far is a bug of ours, and is said to be
        echo(traceback.format_exc(), err=True, nl=False)
        echo("This is a bug of Dagpress. Please report it with the lines above.", err=True)
        code = ExitCode.BUG
    sys.exit(int(code or 0))
